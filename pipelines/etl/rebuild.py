"""Rebuild every table of results from the published rows. Pure: equal rows and ids give equal tables."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from pipelines.etl.assign_ids import number
from pipelines.etl.decisions import read_decisions
from pipelines.etl.fixtures import match_fixtures
from pipelines.etl.id_register import Identities
from pipelines.etl.lineups import fill_lineups
from pipelines.etl.link import link
from pipelines.etl.matchups import build_matchups
from pipelines.etl.merge_sources import merge_sources
from pipelines.etl.parse import parse_all
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.etl.row_outcomes import build_outcomes, count
from pipelines.etl.tabulate import Tables, tabulate
from pipelines.sources.base import RowKind


@dataclass(frozen=True, slots=True)
class TableSet:
    """The tables, and what became of every published row.

    Attributes:
        tables: Frames with the columns of the tables in ``cs2.storage``.
        outcomes: One row a published row: ``kind``, ``index``, ``outcome`` (stored, merged, rejected), ``target`` (the
            natural key under which it is stored or merged, or empty), ``reasons``.
        counts: Counts for the run's metadata, by name.
        matchups: One row a usable map or series row as published: ``kind``, ``index``, ``forecast_day`` and
            ``learn_day`` (day numbers), ``team1_id``, ``team2_id``, ``lineup1_id``, ``lineup2_id`` in the row's order,
            ``series`` (natural key), ``best_of`` (of a series row), ``is_rated`` (whether a score may use the row).
    """

    tables: Tables
    outcomes: pd.DataFrame
    counts: dict[str, int]
    matchups: pd.DataFrame

    def rejected(self) -> int:
        """Return the number of published rows that could not be used."""
        return int((self.outcomes["outcome"] == "rejected").sum())

    def rejections(self) -> dict[str, int]:
        """Return the number of rejected rows by reason."""
        reasons = self.outcomes.loc[self.outcomes["outcome"] == "rejected", "reasons"].explode()
        return {str(reason): int(n) for reason, n in reasons.value_counts().items()}


def rebuild(
    published: Mapping[RowKind, pd.DataFrame], identities: Identities, *, known_maps: Collection[str] = ()
) -> TableSet:
    """Build every table.

    Args:
        published: Frames as a source yields them: ``row_key`` and text columns. The index identifies a row.
        identities: Ids assigned so far; grows.
        known_maps: Maps that a forecast can name whether or not one was played on them.
    """
    resolved = resolve(published)
    ids = number(resolved, identities, known_maps)
    tables = tabulate(resolved, ids)
    outcomes = build_outcomes(resolved, tables)
    matchups = build_matchups(resolved, ids, tables.map_results)
    return TableSet(tables, outcomes, count(outcomes, resolved, tables), matchups)


def resolve(published: Mapping[RowKind, pd.DataFrame]) -> ResolvedRows:
    """Decide which published rows are usable, who played, and which rows are about one match.

    Args:
        published: Frames as a source yields them.

    Returns:
        The rows with everything that ids and tables follow from.
    """
    parsed = parse_all(published)
    decisions = read_decisions(parsed[RowKind.IDENTITY].rows)
    filled = fill_lineups(parsed[RowKind.MAP].rows, parsed[RowKind.LINEUP].rows)
    parsed[RowKind.MAP] = replace(parsed[RowKind.MAP], rows=filled.rows)
    merged = merge_sources(filled.rows, parsed[RowKind.SERIES].rows, decisions)
    linked = link(merged.matches, merged.maps, merged.series, merged.disputed)
    fixtures = match_fixtures(parsed[RowKind.FIXTURE].rows, merged.matches)
    return ResolvedRows(parsed, filled, merged, linked, fixtures, decisions)
