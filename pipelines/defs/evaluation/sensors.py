"""The sensor that starts the scoring of forecasts."""

import dagster as dg

from cs2.settings import get_settings
from pipelines.defs.evaluation.jobs import evaluation_job

RESULTS = dg.AssetKey("map_results")


@dg.sensor(
    job=evaluation_job,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def evaluation_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Start a run after every rebuild of the results, and on every new day.

    New forecasts alone start none. Either their match has not been played, or its result was known before and they are
    not scored.
    """
    newest = context.instance.fetch_materializations(RESULTS, limit=1).records
    if not newest:
        return dg.SkipReason("there are no results yet")
    cursor = f"{newest[0].storage_id}; {get_settings().current_day()}"
    if cursor == context.cursor:
        return dg.SkipReason("neither the results nor the day are new since the last run")
    context.update_cursor(cursor)
    return dg.RunRequest(run_key=cursor)
