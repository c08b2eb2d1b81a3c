"""Landing: what the sources published, as it came."""

import dagster as dg

from cs2.settings import SourceName, get_settings
from pipelines.defs.etl.jobs import SOURCE_TAG
from pipelines.defs.etl.partitions import MONTHS, as_months
from pipelines.etl.landing import land
from pipelines.resources import SHORT_ABSENCE, Database
from pipelines.sources.base import SourceError
from pipelines.sources.registry import make_source


@dg.asset(
    group_name="landing",
    kinds={"postgres"},
    partitions_def=MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=SHORT_ABSENCE,
    pool="tables",
    owners=["team:data"],
)
def raw_rows(context: dg.AssetExecutionContext, database: Database) -> dg.MaterializeResult[None]:
    """Rows of every source by month, exactly as published; a correction is a new version of its row.

    Landing a month twice adds nothing. All that follows is rebuilt from here: a backfill mends any table. A source that
    cannot be read is left out with the reason, unless it is the only one that was asked for.
    """
    settings = get_settings()
    told = context.run.tags.get(SOURCE_TAG)
    wanted = (SourceName(told),) if told else settings.sources
    months = as_months(context.partition_keys)
    metadata: dict[str, int | str] = {"sources": ", ".join(wanted), "months": len(months)}
    problems: dict[str, SourceError] = {}
    with database.engine() as engine:
        for name in wanted:
            try:
                published = make_source(name, settings).published(settings.current_day()).in_months(months)
            except SourceError as error:
                problems[name] = error
                context.log.warning("%s is left out: %s", name, error)
                continue
            with engine.begin() as connection:
                landed = land(connection, name, published)
            context.log.info(
                "%s: %d rows of %d months looked at, %d new or changed", name, landed.seen, len(months), landed.landed
            )
            counts = {f"{kind}_rows": len(frame) for kind, frame in published.frames.items()}
            for what, n in {"rows_seen": landed.seen, "rows_landed": landed.landed, **counts}.items():
                metadata[what] = int(metadata.get(what, 0)) + n
    if len(problems) == len(wanted):
        raise SourceError("; ".join(f"{name}: {error}" for name, error in problems.items()))
    if problems:
        metadata["left_out"] = "; ".join(f"{name}: {error}" for name, error in problems.items())
    return dg.MaterializeResult(metadata=metadata)
