"""Convert the tables to :class:`MatchHistory`, the input of ratings and training."""

import numpy as np
import pandas as pd

from cs2.forecasting.matches import UNKNOWN, IntArray, MatchHistory

_TEAMS, _LINEUPS = (["forecast_team1_id", "forecast_team2_id"], ["forecast_lineup1_id", "forecast_lineup2_id"])

_PREDECESSORS = ["predecessor1_id", "predecessor2_id"]


def day_numbers(days: pd.Series) -> IntArray:
    """Return days since 1970-01-01."""
    numbers: IntArray = pd.to_datetime(days).to_numpy(dtype="datetime64[D]").astype(np.int64)
    return numbers


def history_from_tables(map_results: pd.DataFrame, series: pd.DataFrame, lineups: pd.DataFrame) -> MatchHistory:
    """Return every map, and every series without known maps, in the order in which ratings learn them.

    Teams and players are those as known before each match, so that a later correction changes no past forecast.

    Args:
        map_results: Table ``map_results``.
        series: Table ``series``.
        lineups: Table ``lineups``.
    """
    maps = map_results
    of_maps = series.set_index("id").loc[maps["series_id"]]
    alone = series[~series["id"].isin(maps["series_id"]) & series["winner"].notna()]
    five = players_by_lineup(lineups)
    parts = {
        "row_id": (maps["id"], alone["id"]),
        "is_map": (np.ones(len(maps), bool), np.zeros(len(alone), bool)),
        "day": (day_numbers(maps["played_on"]), day_numbers(alone["last_day"])),
        "forecast_day": (day_numbers(of_maps["forecast_day"]), day_numbers(alone["forecast_day"])),
        "learn_day": (day_numbers(of_maps["learn_day"]), day_numbers(alone["learn_day"])),
        "order_in_day": (maps["order_in_day"], np.zeros(len(alone), np.int64)),
        "map_id": (maps["map_id"], np.full(len(alone), UNKNOWN)),
        "team_ids": (maps[_TEAMS], alone[_TEAMS]),
        "predecessor_ids": (maps[_PREDECESSORS].fillna(UNKNOWN), alone[_PREDECESSORS].fillna(UNKNOWN)),
        "player_ids": (_lineups(maps, five), _lineups(alone, five)),
        "rounds": (maps[["rounds1", "rounds2"]].fillna(UNKNOWN), np.full((len(alone), 2), UNKNOWN)),
        "team1_won": (maps["winner"] == 1, alone["winner"] == 1),
        "best_of": (of_maps["best_of"].fillna(0), alone["best_of"].fillna(0)),
        "is_rated": (maps["is_rated"], np.ones(len(alone), bool)),
        "valve_rank": (maps[["rank1", "rank2"]].fillna(0), alone[["rank1", "rank2"]].fillna(0)),
    }
    booleans = {"is_map", "team1_won", "is_rated"}
    arrays = {
        name: np.concatenate([np.asarray(part, dtype=bool if name in booleans else np.int64) for part in both])
        for name, both in parts.items()
    }
    history = MatchHistory(**arrays)
    order = np.lexsort((history.row_id, ~history.is_map, history.order_in_day, history.day, history.learn_day))
    return history.take(order)


def players_by_lineup(lineups: pd.DataFrame) -> IntArray:
    """Return five player ids by lineup id, shape (max id + 1, 5); row 0 means no lineup and is UNKNOWN."""
    table = np.full((int(lineups["id"].max()) + 1 if len(lineups) else 1, 5), UNKNOWN, dtype=np.int64)
    if len(lineups):
        table[lineups["id"].to_numpy()] = [[int(p) for p in roster.split(",")] for roster in lineups["roster"]]
    return table


def _lineups(frame: pd.DataFrame, five: IntArray) -> IntArray:
    numbers = frame[_LINEUPS].fillna(0).to_numpy(dtype=np.int64)
    lineups: IntArray = five[numbers]
    return lineups
