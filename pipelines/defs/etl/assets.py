"""Landed rows, and the tables of results rebuilt from them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
from sqlalchemy import Engine

from cs2.settings import SourceName, get_settings
from pipelines.defs.etl.jobs import SOURCE_TAG
from pipelines.defs.etl.partitions import MONTHS
from pipelines.resources import SHORT_ABSENCE, Database
from pipelines.sources.base import SERIES_ONLY_SOURCES, USUAL_MAPS, PublishedRows, SourceError, published_in
from pipelines.sources.months import parse_months

if TYPE_CHECKING:
    from pipelines.etl.rebuild import TableSet

DESCRIPTIONS = {
    "maps": "One row per map of the game: the maps that a forecast can be requested for.",
    "teams": "One row per team, whatever its spellings. Its id never changes.",
    "players": "One row per player, identified by nickname. Two people with one nickname are two rows.",
    "events": "One row per tournament or league.",
    "lineups": "One row per team and the five who played for it.",
    "series": "One row per series, known from its maps, from a published series, or from both.",
    "map_results": "One row per played map: who played, who won, by how many rounds.",
    "standings": "One row per roster in one of Valve's published standings.",
    "player_map_stats": "One row per player and map: kills, deaths, ADR, KAST, rating.",
    "fixtures": "One row per announced match, whether or not it has been played since.",
    "rejected_rows": "One row per landed row that could not be used, with every reason.",
}


@dg.asset(
    group_name="etl",
    kinds={"postgres"},
    tags={"stage": "etl"},
    owners=["team:data"],
    partitions_def=MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=SHORT_ABSENCE,
    pool="tables",
)
def raw_rows(context: dg.AssetExecutionContext, database: Database) -> dg.MaterializeResult[None]:
    """Rows of every source by month, exactly as published. A correction is a new version of its row.

    Landing a month twice adds nothing. Every table is rebuilt from here, so a backfill repairs any table. A source that
    cannot be read is left out with the reason; the run fails when no source can be read.
    """
    from pipelines.sources.registry import make_source

    settings = get_settings()
    source_tag = context.run.tags.get(SOURCE_TAG)
    names = (SourceName(source_tag),) if source_tag else settings.sources
    today, months = settings.current_day(), parse_months(context.partition_keys)
    counts: Counter[str] = Counter()
    problems: dict[str, SourceError] = {}
    with database.engine() as engine:
        for name in names:
            try:
                landed_counts = _land(engine, name, published_in(make_source(name, settings), today, months))
            except SourceError as error:
                problems[name] = error
                context.log.warning("%s is left out: %s", name, error)
                continue
            context.log.info("%s: %d months, %s", name, len(months), dict(landed_counts))
            counts.update(landed_counts)
    left_out = "; ".join(f"{name}: {error}" for name, error in problems.items())
    if len(problems) == len(names):
        raise SourceError(left_out)
    metadata: dict[str, Any] = {"sources": ", ".join(names), "months": len(months), **counts}
    if problems:
        metadata["left_out"] = left_out
    return dg.MaterializeResult(metadata=metadata)


def _land(engine: Engine, name: SourceName, parts: Iterable[PublishedRows]) -> Counter[str]:
    """Store each part of a source in one transaction. Return how many rows there were and how many are new."""
    from pipelines.etl.repository import land

    counts: Counter[str] = Counter(rows_seen=0, rows_landed=0)
    for published in parts:
        if published.frames:
            with engine.begin() as connection:
                landed = land(connection, name, published)
            counts.update(rows_seen=landed.seen, rows_landed=landed.landed)
            counts.update({f"{kind}_rows": len(frame) for kind, frame in published.frames.items()})
    return counts


@dg.multi_asset(
    name="match_tables",
    group_name="etl",
    pool="tables",
    retry_policy=SHORT_ABSENCE,
    specs=[
        dg.AssetSpec(
            name,
            deps=["raw_rows"],
            description=text,
            kinds={"postgres"},
            tags={"stage": "etl"},
            owners=["team:data"],
        )
        for name, text in DESCRIPTIONS.items()
    ],
)
def match_tables(context: dg.AssetExecutionContext, database: Database) -> Iterator[dg.MaterializeResult[None]]:
    """Rebuild every table in one transaction: readers see the old tables or the new ones, never a mixture."""
    from pipelines.etl.rebuild import rebuild
    from pipelines.etl.repository import load_identities, load_newest_rows, store
    from pipelines.etl.validation import TABLE_SCHEMAS

    sources = get_settings().sources
    known_maps = USUAL_MAPS if SERIES_ONLY_SOURCES.issuperset(sources) else ()
    with database.engine() as engine, engine.begin() as connection:
        rebuilt = rebuild(load_newest_rows(connection, sources), load_identities(connection), known_maps=known_maps)
        for name, schema in TABLE_SCHEMAS.items():
            schema.validate(getattr(rebuilt.tables, name), lazy=True)
        store(connection, rebuilt)
    context.log.info("%s", summarize(rebuilt))
    for name in DESCRIPTIONS:
        yield dg.MaterializeResult(asset_key=name, metadata=_table_metadata(name, rebuilt))


def _table_metadata(name: str, rebuilt: "TableSet") -> dict[str, Any]:
    if name == "rejected_rows":
        return {"rows": rebuilt.rejected(), "reasons": dg.MetadataValue.json(rebuilt.rejections())}
    frame = dict(rebuilt.tables.items())[name]
    metadata: dict[str, Any] = {"rows": len(frame)}
    if name == "map_results":
        metadata |= rebuilt.counts
        if len(frame):
            metadata |= {"from": str(frame["played_on"].min()), "through": str(frame["played_on"].max())}
    return metadata


def summarize(rebuilt: "TableSet") -> str:
    """Count the landed rows of each kind by what became of them: stored, merged or rejected."""
    lines = []
    for kind, outcomes in rebuilt.outcomes.groupby("kind"):
        counts = outcomes["outcome"].value_counts()
        parts = " + ".join(f"{counts.get(name, 0)} {name}" for name in ("stored", "merged", "rejected"))
        lines.append(f"{kind}: {parts} = {len(outcomes)} landed")
    return "; ".join(lines)
