"""Ingest: land some months, rebuild the tables, renew the ratings."""

import dagster as dg

from pipelines.resources import SHORT_ABSENCE

SOURCE_TAG = "cs2/source"
"""Tag of a run that lands one source only; without it, every source is landed."""

INGEST_ASSETS = dg.AssetSelection.groups("landing", "tables", "ratings")

ingest_job = dg.define_asset_job(
    "ingest_job",
    selection=INGEST_ASSETS,
    description="Land months of the sources, rebuild the tables from all that was ever landed, renew the ratings.",
    # The sensor's cursor has moved on when a run starts: what a server's short absence breaks is tried again.
    op_retry_policy=SHORT_ABSENCE,
)


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags that make one run of a range of months."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
