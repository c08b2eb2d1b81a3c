"""The tables of results: rebuilt whole from ``raw_rows``, in one transaction."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from cs2.settings import get_settings
from pipelines.etl.landing import newest_rows
from pipelines.etl.rebuild import TableSet, rebuild
from pipelines.etl.repository import load_identities, store
from pipelines.etl.validation import TABLE_SCHEMAS
from pipelines.resources import SHORT_ABSENCE, Database
from pipelines.sources.base import USUAL_MAPS, WITHOUT_MAPS

DESCRIPTIONS = {
    "maps": "One row a map of the game: what a forecast is asked for.",
    "teams": "One row a team, whatever its spellings; its id never changes.",
    "players": "One row a player, known by nickname; two people of one nickname are two rows.",
    "events": "One row a tournament or league.",
    "lineups": "One row a team and the five who played for it.",
    "series": "One row a series, known from its maps, from a published series, or from both.",
    "map_results": "One row a played map: who played, who won, by how many rounds.",
    "standings": "One row a roster in one of Valve's published standings.",
    "player_map_stats": "One row a player on one map: kills, deaths, ADR, KAST, rating.",
    "fixtures": "One row a match that was announced, whether or not it was played since.",
    "rejected_rows": "One row a landed row that could not be used, with every reason.",
}


@dg.multi_asset(
    name="match_tables",
    group_name="tables",
    pool="tables",
    retry_policy=SHORT_ABSENCE,
    specs=[
        dg.AssetSpec(name, deps=["raw_rows"], description=text, kinds={"postgres"}, owners=["team:data"])
        for name, text in DESCRIPTIONS.items()
    ],
)
def match_tables(context: dg.AssetExecutionContext, database: Database) -> Iterator[dg.MaterializeResult[None]]:
    """Rebuild every table. A run that dies leaves the tables as they were; readers see old or new, never half."""
    with database.engine() as engine, engine.begin() as connection:
        sources = get_settings().sources
        maps = USUAL_MAPS if WITHOUT_MAPS.issuperset(sources) else ()
        rebuilt = rebuild(newest_rows(connection, sources), load_identities(connection), known_maps=maps)
        for name, schema in TABLE_SCHEMAS.items():
            schema.validate(getattr(rebuilt.tables, name), lazy=True)
        store(connection, rebuilt)
    context.log.info("%s", summary(rebuilt))
    frames = dict(rebuilt.tables.items())
    for name in DESCRIPTIONS:
        metadata: dict[str, Any] = {"rows": len(frames[name]) if name in frames else rebuilt.rejected()}
        if name == "map_results":
            metadata |= rebuilt.counts
            if len(frames[name]):
                metadata |= {
                    "from": str(frames[name]["played_on"].min()),
                    "through": str(frames[name]["played_on"].max()),
                }
        if name == "rejected_rows":
            metadata |= {"reasons": dg.MetadataValue.json(rebuilt.rejections())}
        yield dg.MaterializeResult(asset_key=name, metadata=metadata)


def summary(rebuilt: TableSet) -> str:
    """What came in and what became of it, in one line a kind."""
    lines = []
    for kind, outcomes in rebuilt.outcomes.groupby("kind"):
        counts = outcomes["outcome"].value_counts()
        parts = " + ".join(f"{counts.get(name, 0)} {name}" for name in ("stored", "merged", "rejected"))
        lines.append(f"{kind}: {parts} = {len(outcomes)} that came in")
    return "; ".join(lines)
