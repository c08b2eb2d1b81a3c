"""Job that trains a model, runs the gate and promotes the candidate."""

import dagster as dg

train_job = dg.define_asset_job(
    "train_job",
    selection=dg.AssetSelection.groups("models"),
    description="Train three models on all maps, evaluate the candidate, and promote it if it passes the gate.",
)
