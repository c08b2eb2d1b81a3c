"""The sensor that replaces the ETL daemon."""

import hashlib
import json

import dagster as dg

from cs2.settings import get_settings
from pipelines.defs.landing.jobs import ingest_job, range_tags
from pipelines.defs.landing.partitions import FIRST_MONTH, ranges
from pipelines.sources.base import SourceError
from pipelines.sources.registry import make_source


@dg.sensor(
    job=ingest_job,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_results_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Watch the source: months whose content changed are landed, and all that follows is rebuilt.

    The cursor holds a fingerprint of the source, cheap to compare, and a digest of each month: exactly the months that
    changed are asked for, consecutive ones in one run.
    """
    settings = get_settings()
    today = settings.current_day()
    seen = json.loads(context.cursor) if context.cursor else {"fingerprint": None, "months": {}}
    try:
        source = make_source(settings)
        fingerprint = source.fingerprint(today)
        if fingerprint is None:
            return dg.SkipReason("a file is still being written, or answers are still being fetched")
        if fingerprint == seen["fingerprint"]:
            return dg.SkipReason("nothing new since the last look")
        months = source.published(today).months()
    except SourceError as error:
        return dg.SkipReason(f"the source cannot be read: {error}")
    changed = [month for month in months if months[month] != seen["months"].get(month) and month >= FIRST_MONTH]
    cursor = json.dumps({"fingerprint": fingerprint, "months": {**seen["months"], **months}})
    if not changed:
        context.update_cursor(cursor)
        return dg.SkipReason("the source was written, but no row changed")
    requests = [
        dg.RunRequest(
            # From the fingerprint and not from the content: a correction that is taken back is landed once more.
            run_key=hashlib.sha256(f"{fingerprint};{first};{last}".encode()).hexdigest()[:16],
            tags=range_tags(first, last),
        )
        for first, last in ranges(changed)
    ]
    return dg.SensorResult(run_requests=requests, cursor=cursor)
