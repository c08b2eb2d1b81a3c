"""Landing: what the source published, as it came."""

import dagster as dg

from cs2.settings import get_settings
from pipelines.defs.landing.partitions import MONTHS, as_months
from pipelines.etl.landing import land
from pipelines.resources import Database
from pipelines.sources.registry import make_source


@dg.asset(
    group_name="landing",
    kinds={"postgres"},
    partitions_def=MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="tables",
    owners=["team:data"],
)
def raw_rows(context: dg.AssetExecutionContext, database: Database) -> dg.MaterializeResult[None]:
    """Rows of the source by month, exactly as published; a correction is a new version of its row.

    Landing a month twice adds nothing. All that follows is rebuilt from here: a backfill mends any table.
    """
    settings = get_settings()
    source = make_source(settings)
    months = as_months(context.partition_keys)
    published = source.published(settings.current_day()).in_months(months)
    with database.engine() as engine, engine.begin() as connection:
        landed = land(connection, source.name, published)
    context.log.info("%d rows of %d months looked at, %d new or changed", landed.seen, len(months), landed.landed)
    return dg.MaterializeResult(
        metadata={
            "source": source.name.value,
            "months": len(months),
            "rows_seen": landed.seen,
            "rows_landed": landed.landed,
            **{f"{kind}_rows": len(frame) for kind, frame in published.frames.items()},
        }
    )
