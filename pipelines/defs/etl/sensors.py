"""Sensor that watches the sources and requests runs for months that changed."""

import hashlib
from functools import partial

import dagster as dg

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.settings import Settings, SourceName, get_settings
from pipelines.defs.etl.jobs import SOURCE_TAG, ingest_job, range_tags
from pipelines.sources.background import BackgroundTasks, Unfinished
from pipelines.sources.base import SourceError
from pipelines.sources.observation import SensorCursor, SourceObservation, load_cursor, observe_source

TICK_SECONDS = 20.0
"""Longest time that a tick waits for the sources. Dagster ends a tick after 60 s."""

_OBSERVATIONS = BackgroundTasks[tuple[SourceName, int], SourceObservation | str]()


@dg.sensor(
    job=ingest_job,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_results_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Poll every source, and request the ingest of the months whose rows changed.

    A run ingests a range of consecutive months of one source. A source that cannot be read, or that changed its format,
    is skipped with the reason; the other sources are ingested as usual. A source that takes long is read in the
    background, and a later tick requests its runs.
    """
    settings = get_settings()
    cursor = load_cursor(context.cursor, settings.sources, FEATURES_VERSION)
    requests: list[dg.RunRequest] = []
    skipped: list[str] = []
    for name, observation in _observe_all(settings, cursor).items():
        if isinstance(observation, str):
            skipped.append(f"{name}: {observation}")
            continue
        before = cursor.last(name)
        cursor.observations[name] = observation.including_months_of(before)
        ranges = observation.changed_ranges(before)
        requests.extend(_run_request(name, cursor.turn, observation, first, last) for first, last in ranges)
        if not ranges:
            skipped.append(f"{name}: the source was written, but no row changed")
    if not requests:
        context.update_cursor(cursor.model_dump_json())
        return dg.SkipReason("; ".join(skipped))
    for reason in skipped:
        context.log.info("%s", reason)
    return dg.SensorResult(run_requests=requests, cursor=cursor.model_dump_json())


def _observe_all(settings: Settings, cursor: SensorCursor) -> dict[SourceName, SourceObservation | str]:
    """Observe every source in parallel, for a bounded time."""
    # With other settings a name stands for another source, which is not to get the result of this one.
    work = {(name, id(settings)): partial(_observe, name, settings, cursor.last(name)) for name in settings.sources}
    observations = _OBSERVATIONS.collect(work, seconds=TICK_SECONDS)
    return {
        name: _reason_to_wait(one) if isinstance(one, Unfinished) else one for (name, _), one in observations.items()
    }


def _reason_to_wait(task: Unfinished) -> str:
    return f"incomplete: reading for {task.seconds:.0f} s; it goes on in the background"


def _observe(name: SourceName, settings: Settings, before: SourceObservation) -> SourceObservation | str:
    from pipelines.sources.registry import make_source

    try:
        return observe_source(make_source(name, settings), settings.current_day(), before)
    except SourceError as error:
        return f"the source cannot be read: {error}"


def _run_request(name: SourceName, turn: int, observation: SourceObservation, first: str, last: str) -> dg.RunRequest:
    # The key contains the fingerprint, not the content: a correction that is reverted needs a run of its own.
    fact = f"{name};{turn};{observation.fingerprint};{first};{last}"
    return dg.RunRequest(
        run_key=hashlib.sha256(fact.encode()).hexdigest()[:16],
        tags={**range_tags(first, last), SOURCE_TAG: name.value},
    )
