"""The job that scores the stored forecasts."""

import dagster as dg

evaluation_job = dg.define_asset_job(
    "evaluation_job",
    selection=dg.AssetSelection.groups("evaluation"),
    description="Join the stored forecasts with the results, and score them.",
)
