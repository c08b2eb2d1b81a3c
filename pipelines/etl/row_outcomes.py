"""What became of every published row: stored, merged into another row, or rejected; and counts of it."""

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

import pandas as pd

from pipelines.etl.fixtures import AnnouncedMatches
from pipelines.etl.merge_sources import unique_standings
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.etl.row_schemas import AGAINST_ITSELF
from pipelines.etl.tabulate import Tables
from pipelines.sources.base import RowKind

UNKNOWN_PLAYER_OR_MAP = "its map or player is not among the map results"


class RowOutcome(NamedTuple):
    """Outcome of one published row.

    Attributes:
        kind: Kind of the row.
        published_index: Index of the published row.
        outcome: stored, merged or rejected.
        target: Natural key of the series under which a map or series row is stored; empty for other rows.
        reasons: Why a rejected row cannot be used.
    """

    kind: RowKind
    published_index: int
    outcome: str
    target: str = ""
    reasons: list[str] = []  # noqa: RUF012 - nothing changes it


def build_outcomes(resolved: ResolvedRows, tables: Tables) -> pd.DataFrame:
    """Return one row a published row: ``kind``, ``index``, ``outcome``, ``target`` and ``reasons``."""
    outcomes = chain(
        _kept_matches(resolved),
        _duplicate_matches(resolved),
        _standings(resolved.parsed[RowKind.STANDING].rows),
        _fixtures(resolved.fixtures),
        _statistics(resolved.parsed[RowKind.PLAYER_MAP].rows, tables),
        (RowOutcome(RowKind.IDENTITY, index, "stored") for index in resolved.parsed[RowKind.IDENTITY].rows.index),
        _of_other_rows(RowKind.LINEUP, resolved, resolved.filled.merged, resolved.filled.rejected),
        _of_other_rows(RowKind.VETO, resolved, tables.merged_steps, tables.rejected_steps),
        _rejected(resolved),
    )
    return pd.DataFrame(outcomes, columns=["kind", "index", "outcome", "target", "reasons"])


def _kept_matches(resolved: ResolvedRows) -> Iterator[RowOutcome]:
    linked = resolved.linked
    with_maps = linked.series_with_maps()
    for position, (row, name) in enumerate(zip(linked.matches.rows, linked.series, strict=True)):
        if position < linked.matches.n_maps:
            yield RowOutcome(RowKind.MAP, row.index, "stored", name)
        else:
            is_merged = name in with_maps or position in linked.duplicate_of
            yield RowOutcome(RowKind.SERIES, row.index, "merged" if is_merged else "stored", name)


def _duplicate_matches(resolved: ResolvedRows) -> Iterator[RowOutcome]:
    for kind in (RowKind.MAP, RowKind.SERIES):
        for index, kept in resolved.merged.duplicates(maps=kind is RowKind.MAP).items():
            yield RowOutcome(kind, index, "merged", resolved.linked.series[kept])


def _standings(standings: pd.DataFrame) -> Iterator[RowOutcome]:
    stored = set(unique_standings(standings).index)
    for index in standings.index:
        yield RowOutcome(RowKind.STANDING, index, "stored" if index in stored else "merged")


def _fixtures(fixtures: AnnouncedMatches) -> Iterator[RowOutcome]:
    for index in fixtures.rows.index:
        yield RowOutcome(RowKind.FIXTURE, index, "stored")
    for index in fixtures.duplicates:
        yield RowOutcome(RowKind.FIXTURE, index, "merged")
    for index in fixtures.against_itself:
        yield RowOutcome(RowKind.FIXTURE, index, "rejected", reasons=[AGAINST_ITSELF])


def _statistics(published: pd.DataFrame, tables: Tables) -> Iterator[RowOutcome]:
    stored, merged = set(tables.player_map_stats["published_index"]), set(tables.merged_stats)
    for index in tables.merged_stats:
        yield RowOutcome(RowKind.PLAYER_MAP, index, "merged")
    for index in published.index:
        if index in stored:
            yield RowOutcome(RowKind.PLAYER_MAP, index, "stored")
        elif index not in merged:
            yield RowOutcome(RowKind.PLAYER_MAP, index, "rejected", reasons=[UNKNOWN_PLAYER_OR_MAP])


def _of_other_rows(
    kind: RowKind, resolved: ResolvedRows, merged: Collection[int], rejected: Mapping[int, str]
) -> Iterator[RowOutcome]:
    """Outcomes of usable rows that complete a map or a series."""
    repeats = set(merged)
    for index in resolved.parsed[kind].rows.index:
        if index in rejected:
            yield RowOutcome(kind, index, "rejected", reasons=[rejected[index]])
        else:
            yield RowOutcome(kind, index, "merged" if index in repeats else "stored")


def _rejected(resolved: ResolvedRows) -> Iterator[RowOutcome]:
    for kind, part in resolved.parsed.items():
        for index, reasons in part.reasons.items():
            yield RowOutcome(kind, index, "rejected", reasons=reasons)


def count(outcomes: pd.DataFrame, resolved: ResolvedRows, tables: Tables) -> dict[str, int]:
    """Count rows by kind and outcome, decisions of the rebuild, and rows of each table."""
    sizes = outcomes.groupby(["kind", "outcome"]).size().reset_index(name="n")
    linked, people = resolved.linked, resolved.linked.matches.people
    with_maps = linked.series_with_maps()
    originals = [
        name
        for position, name in enumerate(linked.series)
        if position >= linked.matches.n_maps and position not in linked.duplicate_of
    ]
    results = tables.map_results
    return {
        **{f"{row['kind']}_rows_{row['outcome']}": int(row["n"]) for row in sizes.to_dict("records")},
        "series_rows_joined_to_maps": sum(name in with_maps for name in originals),
        "series_rows_duplicate": len(linked.duplicate_of),
        "rows_of_other_sources_merged": len(resolved.merged.kept_as),
        "rows_of_other_sources_contradicting": resolved.merged.n_contradictions,
        "nicknames_respelled": len(people.player_links),
        "player_homonyms": len(people.player_homonyms),
        "team_homonyms": len(people.team_homonyms),
        "map_results_flagged": int((~results["is_rated"].astype(bool)).sum()),
        "map_results_never_played": int(results["never_played"].sum()),
        "map_results_doubtful": int(results["doubtful"].sum()),
        **{name: len(frame) for name, frame in tables.items()},
    }
