"""Job that lands months of the sources and rebuilds what depends on them."""

import dagster as dg

from pipelines.resources import SHORT_ABSENCE

SOURCE_TAG = "cs2/source"
"""Run tag that names the one source to land. A run without the tag lands every source."""

ACCEPT_LOSSES_TAG = "cs2/accept_removed_rows"
"""Run tag with which a run retracts however many rows the sources have lost."""

INGEST_ASSETS = dg.AssetSelection.groups("etl", "ratings")

ingest_job = dg.define_asset_job(
    "ingest_job",
    selection=INGEST_ASSETS,
    description="Land months of the sources, rebuild the tables from all landed rows, compute the ratings.",
    # The sensor has already moved its cursor when the run starts, so the run itself must retry.
    op_retry_policy=SHORT_ABSENCE,
)


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags that make a single run of a range of months."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
