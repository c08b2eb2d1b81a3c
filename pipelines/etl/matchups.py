"""Matchups: what a forecast of each published map or series row knows. None of it depends on a result."""

from collections import defaultdict

import numpy as np
import pandas as pd

from pipelines.etl.assign_ids import RowIds
from pipelines.etl.identify import Roster
from pipelines.etl.match_rows import IdentifiedRows, Rosters, without_shared_players
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.etl.tabulate import lineup_columns
from pipelines.etl.team_links import Identity
from pipelines.sources.base import RowKind


def build_matchups(resolved: ResolvedRows, ids: RowIds, results: pd.DataFrame) -> pd.DataFrame:
    """Return one row a kept map or series row; the columns are those of ``TableSet.matchups``.

    Only ``is_rated`` depends on results: it decides what is scored, not what is forecast.
    """
    linked, matches = resolved.linked, resolved.linked.matches
    rosters = rosters_before_results(matches)
    teams = [row.forecast_teams for row in matches.rows]
    asked = [asked_teams(matches, position) for position in range(len(teams))]
    of_series = range(matches.n_maps, len(matches.rows))
    return pd.DataFrame(
        {
            "kind": [RowKind.MAP] * matches.n_maps + [RowKind.SERIES] * len(of_series),
            "index": [row.index for row in matches.rows],
            "forecast_day": matches.forecast_day,
            "learn_day": matches.learn_day,
            "team1_id": [ids.teams.id_of[first] for first, _ in asked],
            "team2_id": [ids.teams.id_of[second] for _, second in asked],
            **lineup_columns("lineup{}_id", teams, rosters, ids),
            "series": linked.series,
            "best_of": announced_best_of(matches, resolved.maps, resolved.series),
            "is_rated": [*results["is_rated"], *(place not in linked.doubts for place in of_series)],
        }
    )


def asked_teams(matches: IdentifiedRows, position: int) -> tuple[Identity, Identity]:
    """Return the teams for which a forecast is asked: one that never played is the team that bore its name before."""
    teams, predecessors = matches.rows[position].forecast_teams, matches.predecessors(position)
    first, second = (former or team for team, former in zip(teams, predecessors, strict=True))
    return teams if first == second else (first, second)


def rosters_before_results(matches: IdentifiedRows) -> list[Rosters]:
    """Rosters of each row; a map without one takes the roster on which its schedule group agrees.

    Which series row of the group has the map depends on results, so that the roster of that row alone must not count.
    """
    published: dict[tuple[int, Identity], set[Roster]] = defaultdict(set)
    groups = matches.forecast_group.tolist()
    for group, row in zip(groups, matches.rows, strict=True):
        for team, roster in row.forecast_sides():
            if roster:
                published[group, team].add(roster)

    def agreed(group: int, team: Identity) -> Roster | None:
        rosters = published.get((group, team), set())
        return next(iter(rosters)) if len(rosters) == 1 else None

    rosters = []
    for group, row in zip(groups[: matches.n_maps], matches.rows, strict=False):
        first, second = (roster or agreed(group, team) for team, roster in row.forecast_sides())
        rosters.append(without_shared_players((first, second)))
    return rosters + [row.forecast_rosters for row in matches.rows[matches.n_maps :]]


def announced_best_of(matches: IdentifiedRows, maps: pd.DataFrame, series: pd.DataFrame) -> pd.Series:
    """Best-of of each series row: its own, else the one of all maps of its schedule group; missing if they differ."""
    of_maps = maps["best_of"].astype(float).groupby(matches.forecast_group[: len(maps)]).agg(["min", "max"])
    agreed = of_maps["min"].where(of_maps["min"] == of_maps["max"])
    of_series = series["best_of"].astype(float).to_numpy()
    of_group = agreed.reindex(matches.forecast_group[len(maps) :]).to_numpy()
    best_of = np.where(np.isnan(of_series), of_group, of_series)
    return pd.Series(np.concatenate([np.full(len(maps), np.nan), best_of]))
