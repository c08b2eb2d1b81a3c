"""A small league with the gaps of real data: two-day series, unknown lineups, series without maps, flags."""

from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np

from cs2 import calendar
from cs2.forecasting.evaluation.backtest import Backtest, backtest
from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.matches import UNKNOWN, BoolArray, FloatArray, IntArray, MatchHistory
from cs2.forecasting.model.estimators import EstimatorParameters
from cs2.forecasting.simulation.league import League, LeagueParameters, simulate_league

SMALL = LeagueParameters(n_teams=24, n_reserves=20, series_per_day=8)
SHORT_MEMORY = EstimatorParameters(history_days=200)
"""Parameters with less history than the league has, so that the oldest maps fall out."""


def day_number(year: int, month: int, day: int) -> int:
    return calendar.day_number(date(year, month, day))


FIRST_DAY = day_number(2023, 1, 2)
LAST_DAY = day_number(2024, 2, 29)


def messy_league(seed: int = 3) -> MatchHistory:
    """Simulate a small league with the gaps of real data, in the order of play."""
    league = simulate_league(seed, FIRST_DAY, LAST_DAY, SMALL)
    history = _over_two_days(league, seed)
    chance = np.random.default_rng([seed, 1]).random(int(league.series_id.max()) + 1)[league.series_id]
    players, rounds, won = history.player_ids.copy(), history.rounds.copy(), history.team1_won.copy()
    players[chance < 0.1] = UNKNOWN
    players[(chance >= 0.1) & (chance < 0.13), 1] = UNKNOWN
    rounds[(chance >= 0.13) & (chance < 0.2)] = UNKNOWN
    flagged = (chance >= 0.2) & (chance < 0.24)
    won[flagged] = ~won[flagged]
    only_series = chance >= 0.9
    series_won = _series_won(league)
    messy = replace(
        history,
        player_ids=players,
        rounds=np.where(only_series[:, None], UNKNOWN, rounds),
        team1_won=np.where(only_series, series_won, won),
        is_rated=~flagged,
        is_map=~only_series,
        map_id=np.where(only_series, UNKNOWN, history.map_id),
    )
    return messy.take(~only_series | (league.map_number == 1))


def _over_two_days(league: League, seed: int) -> MatchHistory:
    """Spread some series over two days, and at the end of a month all that have several maps."""
    h = league.history
    last_of_month = (h.day + 1).astype("datetime64[D]").astype(str)
    month_ends = np.array([day.endswith("-01") for day in last_of_month])
    chance = np.random.default_rng([seed, 2]).random(int(league.series_id.max()) + 1)[league.series_id]
    maps = np.bincount(league.series_id)[league.series_id]
    long = (maps > 1) & ((chance < 0.2) | month_ends)
    return replace(h, day=h.day + (long & (league.map_number > 1)), learn_day=h.day + long)


def _series_won(league: League) -> BoolArray:
    maps_won = np.bincount(league.series_id, league.history.team1_won)
    won: BoolArray = (2 * maps_won > np.bincount(league.series_id))[league.series_id]
    return won


def tampered(history: MatchHistory, rows: BoolArray) -> MatchHistory:
    """Change winners, scores, ranks and flags in some rows; teams and days stay."""
    rng = np.random.default_rng(99)
    other_rounds = np.where(history.rounds == UNKNOWN, UNKNOWN, rng.integers(0, 13, history.rounds.shape))
    return replace(
        history,
        team1_won=history.team1_won ^ rows,
        rounds=np.where(rows[:, None], other_rounds, history.rounds),
        valve_rank=np.where(rows[:, None], rng.integers(0, 200, history.valve_rank.shape), history.valve_rank),
        is_rated=history.is_rated ^ (rows & (rng.random(len(history)) < 0.1)),
    )


def mirrored(history: MatchHistory, rows: BoolArray) -> MatchHistory:
    """Return the same history with the other team first in some rows."""

    def exchanged(pairs: IntArray) -> IntArray:
        return np.where(rows.reshape(-1, *(1,) * (pairs.ndim - 1)), pairs[:, ::-1], pairs)

    sided: dict[str, Any] = {
        name: exchanged(getattr(history, name)) for name in ("team_ids", "player_ids", "rounds", "valve_rank")
    }
    return replace(history, team1_won=history.team1_won ^ rows, **sided)


def played(history: MatchHistory, first: int, last: int) -> IntArray:
    """Return the rows of the days from ``first`` to ``last``."""
    return np.flatnonzero((history.day >= first) & (history.day <= last))


def forecast_rows(
    learned: MatchHistory,
    target: MatchHistory,
    rows: IntArray,
    parameters: EstimatorParameters = SHORT_MEMORY,
) -> Backtest:
    """Forecast some rows of ``target`` from the results of ``learned``, as ``cs2 backtest`` does."""
    return backtest(learned, questions_about(target).take(rows), target.best_of[rows], parameters=parameters)


def numbers(result: Backtest) -> FloatArray:
    """Return all forecasts, a row per question: the model, team Elo, player Elo."""
    return np.column_stack([result.probability, result.team_elo, result.player_elo])


def same(one: MatchHistory, other: MatchHistory) -> bool:
    return all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
