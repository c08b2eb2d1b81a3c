"""Sensor that starts a training."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from cs2.settings import get_settings
from pipelines.defs.training.jobs import train_job
from pipelines.resources import Database
from pipelines.training.repository import read_training_state
from pipelines.training.retraining import decide

UNDER_WAY = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


@dg.sensor(
    job=train_job,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def retraining_sensor(context: dg.SensorEvaluationContext, database: Database) -> dg.RunRequest | dg.SkipReason:
    """Start a training after enough new rated rows (`CS2_RETRAIN_AFTER_MAPS`), or when live quality is out of its band.

    Two trainings are at least `CS2_RETRAIN_COOLDOWN_MINUTES` apart. Each tick says what the sensor waits for.
    """
    settings = get_settings()
    with database.transaction() as session:
        state = read_training_state(session)
    records = context.instance.get_run_records(dg.RunsFilter(job_name=train_job.name), limit=1)
    last = records[0] if records else None
    under_way = dg.RunsFilter(job_name=train_job.name, statuses=list(UNDER_WAY))
    decision = decide(
        state,
        is_running=bool(context.instance.get_run_records(under_way, limit=1)),
        last_attempt=last.create_timestamp if last else None,
        now=datetime.now(UTC),
        after_maps=settings.retrain_after_maps,
        cooldown=timedelta(minutes=settings.retrain_cooldown_minutes),
    )
    if not decision.train:
        return dg.SkipReason(decision.reason)
    attempt = last.dagster_run.run_id if last else "first"
    return dg.RunRequest(run_key=f"ratings-{state.snapshot_id}-after-{attempt}", tags={"cs2/why": decision.reason})
