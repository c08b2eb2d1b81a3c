"""The sensor that replaces the ETL daemon."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import dagster as dg
from pydantic import BaseModel, ConfigDict, ValidationError

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.settings import Settings, SourceName, get_settings
from pipelines.defs.etl.jobs import SOURCE_TAG, ingest_job, range_tags
from pipelines.sources.base import SourceError
from pipelines.sources.months import FIRST_MONTH, consecutive_ranges
from pipelines.sources.registry import make_source


class SourceObservation(BaseModel):
    """What was seen of a source.

    Attributes:
        fingerprint: Of the source as a whole, cheap to compare.
        months: Digest of the content of each month.
    """

    model_config = ConfigDict(frozen=True)

    fingerprint: str | None = None
    months: dict[str, str] = {}


class SensorCursor(BaseModel):
    """The cursor.

    Attributes:
        sources: The sources that were turned on.
        features_version: Of the code that looked: after an upgrade that raises it the ratings have to be made anew.
        turn: How often these changed: all are looked at anew then, and asked for under new run keys.
        looks: The last look at each.
    """

    sources: list[SourceName]
    features_version: int = 0
    turn: int = 0
    looks: dict[SourceName, SourceObservation] = {}


@dg.sensor(
    job=ingest_job,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_results_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Watch every source: months whose content changed are landed, and all that follows is rebuilt.

    Exactly the months that changed are asked for, consecutive ones in one run of one source. A source that is down, or
    that changed, is skipped with the reason and stops no other.
    """
    settings = get_settings()
    seen = _seen(context.cursor, settings)
    requests: list[dg.RunRequest] = []
    quiet: list[str] = []
    with ThreadPoolExecutor(len(settings.sources)) as pool:  # most of a look is waiting for somebody's server
        looks = pool.map(
            lambda name: _look(name, settings, seen.looks.get(name, SourceObservation())), settings.sources
        )
        for name, found in zip(settings.sources, looks, strict=True):
            if isinstance(found, str):
                quiet.append(f"{name}: {found}")
                continue
            before = seen.looks.get(name, SourceObservation()).months
            changed = [m for m, digest in found.months.items() if digest != before.get(m) and m >= FIRST_MONTH]
            seen.looks[name] = SourceObservation(fingerprint=found.fingerprint, months={**before, **found.months})
            requests.extend(_request(name, seen.turn, found, *span) for span in consecutive_ranges(changed))
            if not changed:
                quiet.append(f"{name}: the source was written, but no row changed")
    if not requests:
        context.update_cursor(seen.model_dump_json())
        return dg.SkipReason("; ".join(quiet))
    for line in quiet:
        context.log.info("%s", line)
    return dg.SensorResult(run_requests=requests, cursor=seen.model_dump_json())


def _seen(cursor: str | None, settings: Settings) -> SensorCursor:
    fresh = SensorCursor(sources=list(settings.sources), features_version=FEATURES_VERSION)
    try:
        seen = SensorCursor.model_validate_json(cursor) if cursor else fresh
    except ValidationError:  # of an older release: everything is looked at anew, and what landed is not landed twice
        return fresh
    is_as_before = (seen.sources, seen.features_version) == (fresh.sources, fresh.features_version)
    return seen if is_as_before else fresh.model_copy(update={"turn": seen.turn + 1})


def _look(name: SourceName, settings: Settings, last: SourceObservation) -> SourceObservation | str:
    """What is there now, or why there is nothing to do."""
    today = settings.current_day()
    try:
        source = make_source(name, settings)
        fingerprint = source.fingerprint(today)
        if fingerprint is None:
            return "a file is still being written, or answers are still being fetched"
        if fingerprint == last.fingerprint:
            return "nothing new since the last look"
        return SourceObservation(fingerprint=fingerprint, months=source.published(today).month_digests())
    except SourceError as error:
        return f"the source cannot be read: {error}"


def _request(name: SourceName, turn: int, look: SourceObservation, first: str, last: str) -> dg.RunRequest:
    # From the fingerprint and not from the content: a correction that is taken back is landed once more.
    fact = f"{name};{turn};{look.fingerprint};{first};{last}"
    return dg.RunRequest(
        run_key=hashlib.sha256(fact.encode()).hexdigest()[:16],
        tags={**range_tags(first, last), SOURCE_TAG: name.value},
    )
