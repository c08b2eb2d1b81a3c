"""Landed rows, and the tables of results rebuilt from them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
from sqlalchemy import Engine

from cs2.settings import SourceName, get_settings
from pipelines.defs.etl.jobs import ACCEPT_LOSSES_TAG, SOURCE_TAG
from pipelines.defs.etl.partitions import MONTHS
from pipelines.resources import SHORT_ABSENCE, Database
from pipelines.sources.base import SERIES_ONLY_SOURCES, USUAL_MAPS, PublishedRows, SourceError, published_in
from pipelines.sources.months import parse_months

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.etl.rebuild import TableSet
    from pipelines.etl.rejections import RejectedRow

EXAMPLES_OF_REASON = 5
"""Rows that stand in the metadata for each reason of a rejection."""

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
    "vetoes": "One row per step of a veto: who banned or picked which map before which series.",
    "fixtures": "One row per announced match, whether or not it has been played since.",
    "identity_findings": "One row per decision about who is who, or pair of names that could be one: doubtful first.",
    "rejected_rows": "One row per landed row that could not be used, with every reason.",
}

SHOWN_FINDINGS = 50
"""Findings about who is who that the metadata show."""


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
    cannot be read is left out with the reason; the run fails when no source can be read. A row that its file
    does not hold any more is retracted, whatever its month; a source that lost many rows is left out, too, unless the
    run has the tag ``cs2/accept_removed_rows``.
    """
    from pipelines.sources.registry import make_source

    settings = get_settings()
    source_tag = context.run.tags.get(SOURCE_TAG)
    names = (SourceName(source_tag),) if source_tag else settings.sources
    today, months = settings.current_day(), parse_months(context.partition_keys)
    counts: Counter[str] = Counter()
    problems: dict[str, SourceError] = {}
    warnings: list[str] = []
    accept_losses = ACCEPT_LOSSES_TAG in context.run.tags
    with database.engine() as engine:
        for name in names:
            try:
                parts = published_in(make_source(name, settings), today, months)
                landed_counts = _land(engine, name, parts, warnings, accept_losses=accept_losses)
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
    if warnings:
        metadata["warnings"] = dg.MetadataValue.json(warnings)
    if problems:
        metadata["left_out"] = left_out
    return dg.MaterializeResult(metadata=metadata)


def _land(
    engine: Engine, name: SourceName, parts: Iterable[PublishedRows], warnings: list[str], *, accept_losses: bool
) -> Counter[str]:
    """Store each part of a source in one transaction, and collect its warnings.

    Returns:
        The numbers of rows: published, new, retracted and corrected, and those of each kind.
    """
    from pipelines.etl.landing import land, update_positions

    counts: Counter[str] = Counter(rows_seen=0, rows_landed=0, rows_retracted=0, rows_corrected=0)
    for published in parts:
        with engine.begin() as connection:
            landed = land(connection, name, published, accept_losses=accept_losses)
            update_positions(connection, name, published.content.frames if published.content else published.frames)
        counts.update(
            rows_seen=landed.seen,
            rows_landed=landed.landed,
            rows_retracted=landed.retracted,
            rows_corrected=landed.corrected,
        )
        counts.update({f"{kind}_rows": len(frame) for kind, frame in published.frames.items()})
        warnings += [f"{name}: {warning}" for warning in published.warnings]
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
    from pipelines.etl.rejections import list_rejected
    from pipelines.etl.repository import load_identities, load_newest_rows, store
    from pipelines.etl.retractions import count_retracted
    from pipelines.etl.validation import TABLE_SCHEMAS

    sources = get_settings().sources
    known_maps = USUAL_MAPS if SERIES_ONLY_SOURCES.issuperset(sources) else ()
    with database.engine() as engine, engine.begin() as connection:
        published = load_newest_rows(connection, sources)
        rebuilt = rebuild(published, load_identities(connection), known_maps=known_maps)
        for name, schema in TABLE_SCHEMAS.items():
            schema.validate(getattr(rebuilt.tables, name), lazy=True)
        store(connection, rebuilt)
        retracted = count_retracted(connection, sources)
    context.log.info("%s", summarize(rebuilt))
    rejected = list_rejected(published, rebuilt.outcomes)
    for name in DESCRIPTIONS:
        yield dg.MaterializeResult(asset_key=name, metadata=_table_metadata(name, rebuilt, rejected, retracted))


def _table_metadata(
    name: str, rebuilt: "TableSet", rejected: list["RejectedRow"], retracted: dict[str, int]
) -> dict[str, Any]:
    if name == "rejected_rows":
        from pipelines.etl.rejections import summarize_rejected

        return {
            "rows": rebuilt.rejected(),
            "reasons": dg.MetadataValue.json(rebuilt.rejections()),
            "examples": dg.MetadataValue.json(summarize_rejected(rejected, EXAMPLES_OF_REASON)),
            **retracted,
        }
    frame = dict(rebuilt.tables.items())[name]
    metadata: dict[str, Any] = {"rows": len(frame)}
    if name == "identity_findings":
        doubtful = frame[frame["is_doubtful"]]
        metadata |= {"doubtful": len(doubtful), "doubtful_first": dg.MetadataValue.md(_findings_table(doubtful))}
    if name == "map_results":
        metadata |= rebuilt.counts | retracted
        if len(frame):
            metadata |= {"from": str(frame["played_on"].min()), "through": str(frame["played_on"].max())}
    return metadata


def _findings_table(findings: "pd.DataFrame") -> str:
    """The first findings as a table in Markdown. `cs2 identities` lists all of them."""
    header = "| about | name | other name | they are | why |\n| --- | --- | --- | --- | --- |"
    rows = (
        f"| {row.about} | {row.name} | {row.other_name} | {'one' if row.is_one else 'two'} | {row.reason} |"
        for row in findings.head(SHOWN_FINDINGS)
        .drop(columns="id")
        .replace("[|]", "/", regex=True)
        .itertuples(index=False)
    )
    return "\n".join((header, *rows))


def summarize(rebuilt: "TableSet") -> str:
    """Count the landed rows of each kind by what became of them: stored, merged or rejected."""
    lines = []
    for kind, outcomes in rebuilt.outcomes.groupby("kind"):
        counts = outcomes["outcome"].value_counts()
        parts = " + ".join(f"{counts.get(name, 0)} {name}" for name in ("stored", "merged", "rejected"))
        lines.append(f"{kind}: {parts} = {len(outcomes)} landed")
    return "; ".join(lines)
