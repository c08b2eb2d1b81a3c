"""What the demo asks: the maps of the last days, with the lineups that played, as the service would have known them."""

from collections.abc import Iterable, Mapping
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
from pipelines.etl.ids import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.etl.repository import load_identities
from pipelines.etl.tabulate import Tables
from pipelines.sources.base import MatchSource, RowKind, SourceError


@dataclass(frozen=True, slots=True)
class DemoMatch:
    """One played map as a request, and what happened.

    Attributes:
        request: Fields of ``ForecastRequest``.
        label: Day, map and teams, for people.
        team1_won: Outcome.
        elo: Forecast of a team Elo that knew as much.
    """

    request: dict[str, Any]
    label: tuple[str, str, str, str]
    team1_won: bool
    elo: float


@dataclass(frozen=True, slots=True)
class DemoMatches:
    """The maps to ask about, and how many cannot be asked; series where the source tells of no maps."""

    unit: str
    """maps or series"""
    asked: list[DemoMatch]
    unknown: int
    """Those with a team, map or player never seen before the cut: the dictionaries did not know them."""


def last_day(source: MatchSource, today: date) -> date:
    """The last day with a result.

    Raises:
        SourceError: If there is none.
    """
    frames = source.published(today).frames
    played = [frames[kind]["date"].max() for kind in (RowKind.MAP, RowKind.SERIES) if len(frames.get(kind, ()))]
    if not played:
        raise SourceError(f"the {source.name} source has no results through {today}")
    return date.fromisoformat(max(played))


def questions(source: MatchSource, engine: Engine, *, cut: date, last: date) -> DemoMatches:
    """Maps after ``cut`` up to ``last``, with the ids that the stored dictionaries gave.

    Args:
        source: Where the results are.
        engine: Database of the stack, filled through ``cut``.
        cut: Last day that the service knows.
        last: Last day to ask about.
    """
    with engine.connect() as connection:
        identities = load_identities(connection)
    known = _known(identities)
    tables = rebuild(source.published(last).frames, identities).tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    elo = compute_ratings(history, through=day_number(cut)).state.elo

    has_maps = len(tables.map_results) > 0
    played = tables.map_results if has_maps else _series(tables)
    flagged = played["winner_conflict"] | played["date_suspect"]
    window = played[(played["played_on"] > cut) & (played["played_on"] <= last) & ~flagged]
    window = window.sort_values(["played_on", "order_in_day"])
    rosters = {
        number: [int(player) for player in roster.split(",")]
        for number, roster in zip(tables.lineups["id"], tables.lineups["roster"], strict=True)
    }
    names = {
        kind: dict(zip(frame["id"], frame["name"], strict=True))
        for kind, frame in (("map", tables.maps), ("team", tables.teams))
    }
    asked: list[DemoMatch] = []
    for row in window.to_dict("records"):
        request = _request(row, rosters)
        if not _all_known(request, known):
            continue
        teams = (row["team1_id"], row["team2_id"])
        where = names["map"][row["map_id"]] if has_maps else "any map"
        label = (row["played_on"].isoformat(), where, *(names["team"][team] for team in teams))
        expected = float(sigmoid(np.asarray(elo[teams[0]] - elo[teams[1]])))
        asked.append(DemoMatch(request, label, row["winner"] == 1, expected))
    return DemoMatches("maps" if has_maps else "series", asked, len(window) - len(asked))


def _series(tables: Tables) -> pd.DataFrame:
    """Series as if each were one map: any, as the forecasts are the same on all of them."""
    series = tables.series[tables.series["winner"].notna()]
    return series.assign(
        played_on=series["first_day"],
        order_in_day=series["id"],
        map_id=int(tables.maps["id"].min()),
        winner_conflict=False,
        date_suspect=False,
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


def outcomes(asked: Iterable[DemoMatch]) -> tuple[FloatArray, FloatArray]:
    """Elo's forecasts and the outcomes, shapes (n,)."""
    listed = list(asked)
    return np.array([q.elo for q in listed]), np.array([float(q.team1_won) for q in listed])
