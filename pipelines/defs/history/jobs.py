"""The job that judges the stored forecasts."""

import dagster as dg

judge_job = dg.define_asset_job(
    "judge_job",
    selection=dg.AssetSelection.groups("history"),
    description="Join the stored forecasts with what happened, and judge them.",
    # The sensor's cursor has moved on when a run starts: what a server's short absence breaks is tried again.
    op_retry_policy=dg.RetryPolicy(max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL),
)
