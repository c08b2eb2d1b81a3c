"""The job that trains, judges and promotes."""

import dagster as dg

train_job = dg.define_asset_job(
    "train_job",
    selection=dg.AssetSelection.groups("models"),
    description="Train three models on all maps, judge the candidate, promote it when it passes.",
)
