"""Judging follows the results by itself."""

import dagster as dg

from cs2.settings import get_settings
from pipelines.defs.evaluation.jobs import judge_job

RESULTS = dg.AssetKey("map_results")


@dg.sensor(
    job=judge_job,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def judging_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Judges after every rebuild of the results, and on every new day what was stored since.

    New forecasts alone ask for nothing: what they are about has not been played, or its result is known and they are
    not judged.
    """
    newest = context.instance.fetch_materializations(RESULTS, limit=1).records
    if not newest:
        return dg.SkipReason("there are no results yet")
    seen = f"{newest[0].storage_id}; {get_settings().current_day()}"
    if seen == context.cursor:
        return dg.SkipReason("no newer results since the last judgement, and the day is the same")
    context.update_cursor(seen)
    return dg.RunRequest(run_key=seen)
