"""Matches that the demo forecasts: the maps of the last days, with the lineups that played."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from cs2.calendar import day_number
from cs2.forecasting.matches import FloatArray
from cs2.forecasting.probability import sigmoid
from cs2.forecasting.ratings.engine import compute_ratings
from pipelines.etl.id_register import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.etl.repository import load_identities
from pipelines.etl.tabulate import Tables
from pipelines.sources.base import MatchSource, RowKind, SourceError


@dataclass(frozen=True, slots=True)
class DemoMatch:
    """A played map as a request, and its result.

    Attributes:
        request: Fields of ``ForecastRequest``.
        label: Day, map and names of the teams.
        team1_won: Whether team 1 won.
        elo: Win probability of team 1 by team Elo, from the data that the service has.
    """

    request: dict[str, Any]
    label: tuple[str, str, str, str]
    team1_won: bool
    elo: float


@dataclass(frozen=True, slots=True)
class DemoMatches:
    """The maps to forecast, or the series if the source has no maps."""

    unit: str
    """maps or series"""
    known: list[DemoMatch]
    """Matches that the service can forecast."""
    unknown: int
    """Number of matches with a team, map or player that is not in the dictionaries of the service."""


def last_day(source: MatchSource, today: date) -> date:
    """Return the last day with a result.

    Raises:
        SourceError: If the source has no results.
    """
    frames = source.published(today).frames
    played = [frames[kind]["date"].max() for kind in (RowKind.MAP, RowKind.SERIES) if len(frames.get(kind, ()))]
    if not played:
        raise SourceError(f"the {source.name} source has no results through {today}")
    return date.fromisoformat(max(played))


def select_matches(source: MatchSource, engine: Engine, *, cut: date, last: date) -> DemoMatches:
    """Return the matches after ``cut`` until ``last``, with the ids of the stored dictionaries.

    Args:
        source: Source of the results.
        engine: Engine of the stack's database, which has the data through ``cut``.
        cut: Last day of the service's data.
        last: Last day of the matches.
    """
    with engine.connect() as connection:
        identities = load_identities(connection)
    known = _known(identities)
    tables = rebuild(source.published(last).frames, identities).tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    elo = compute_ratings(history, through=day_number(cut)).state.elo

    has_maps = len(tables.map_results) > 0
    played = tables.map_results if has_maps else _series(tables)
    window = played[(played["played_on"] > cut) & (played["played_on"] <= last) & played["is_rated"]]
    window = window.sort_values(["played_on", "order_in_day"])
    rosters = {
        number: [int(player) for player in roster.split(",")]
        for number, roster in zip(tables.lineups["id"], tables.lineups["roster"], strict=True)
    }
    names = {
        kind: dict(zip(frame["id"], frame["name"], strict=True))
        for kind, frame in (("map", tables.maps), ("team", tables.teams))
    }
    matches: list[DemoMatch] = []
    for row in window.to_dict("records"):
        request = _request(row, rosters)
        if not _all_known(request, known):
            continue
        teams = (row["team1_id"], row["team2_id"])
        map_name = names["map"][row["map_id"]] if has_maps else "any map"
        label = (row["played_on"].isoformat(), map_name, *(names["team"][team] for team in teams))
        expected = float(sigmoid(np.asarray(elo[teams[0]] - elo[teams[1]])))
        matches.append(DemoMatch(request, label, row["winner"] == 1, expected))
    return DemoMatches("maps" if has_maps else "series", matches, len(window) - len(matches))


def _series(tables: Tables) -> pd.DataFrame:
    """Return the series as maps. The map is arbitrary, because the forecasts are the same on all maps."""
    series = tables.series[tables.series["winner"].notna()]
    return series.assign(
        played_on=series["first_day"],
        order_in_day=series["id"],
        map_id=int(tables.maps["id"].min()),
        is_rated=True,
    )


def _known(identities: Identities) -> dict[str, set[int]]:
    return {
        "map": set(identities.maps.ids.values()),
        "team": set(identities.teams.ids.values()),
        "player": set(identities.players.ids.values()),
    }


def _request(row: Mapping[Any, Any], rosters: Mapping[Any, list[int]]) -> dict[str, Any]:
    request = {
        "map_id": row["map_id"],
        "team1_id": row["team1_id"],
        "team2_id": row["team2_id"],
        "played_on": row["played_on"].isoformat(),
    }
    for side in ("1", "2"):
        lineup = row[f"lineup{side}_id"]
        if not pd.isna(lineup):
            request[f"team{side}_player_ids"] = rosters[lineup]
    return request


def _all_known(request: dict[str, Any], known: dict[str, set[int]]) -> bool:
    players = [*request.get("team1_player_ids", []), *request.get("team2_player_ids", [])]
    teams = {request["team1_id"], request["team2_id"]}
    return request["map_id"] in known["map"] and teams <= known["team"] and known["player"].issuperset(players)


def outcomes(matches: Sequence[DemoMatch]) -> tuple[FloatArray, FloatArray]:
    """Return the forecasts of team Elo and the results, shapes (n_matches,)."""
    return np.array([match.elo for match in matches]), np.array([float(match.team1_won) for match in matches])
