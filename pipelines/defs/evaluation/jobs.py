"""The job that judges the stored forecasts."""

import dagster as dg

judge_job = dg.define_asset_job(
    "judge_job",
    selection=dg.AssetSelection.groups("history"),
    description="Join the stored forecasts with what happened, and judge them.",
)
