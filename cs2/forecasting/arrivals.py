"""What a team takes over with players who come from another one: the rating of its name, its Elo, its habits on maps.

These three are kept by team, and say little of a five that has just come. So whenever a known five plays, each of them
whose latest known five was another team's brings a share of the difference between that team and this one; a team that
never played starts at the mean of those its players come from. Skills and offsets on maps are the players' own anyway.
"""

from typing import Any

import numpy as np

from cs2.forecasting.history import UNKNOWN, FloatArray, IntArray
from cs2.forecasting.parameters import RatingParameters
from cs2.forecasting.state import RatingState, days_since


def arrival_share(n_maps: Any, n_from: Any, p: RatingParameters) -> Any:
    """Share of the difference to his former team that one player brings; plain arithmetic, for numba and numpy.

    Args:
        n_maps: Maps and series that the team has played.
        n_from: How many of its five a latest team is known of.
        p: The parameters.
    """
    return (n_maps > 0) * p.arrival_share / 5.0 + (n_maps == 0) / (n_from + 1.0 * (n_from == 0))


def with_arrivals(
    state: RatingState, teams: IntArray, players: IntArray, day: IntArray, p: RatingParameters
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Name, Elo and habits of teams as they will be when these fives play: what ``learning`` writes before such a row.

    Args:
        state: What was learned.
        teams: Rows of both teams, shape (n, 2).
        players: Rows of the fives that are told, 0 where none is, shape (n, 2, 5).
        day: Day of each question, shape (n,).
        p: The parameters.

    Returns:
        Means of the names and Elos, shape (n, 2) each; maps played lately, faded to ``day``, shape (n, 2, n_maps).
    """
    name, elo, habits = state.name[teams, 0], state.elo[teams], _habits(state, teams, day[:, None], p)
    former = state.player_team[players]
    known = former != UNKNOWN
    rows = np.flatnonzero((known & (former != teams[:, :, None])).any(axis=(1, 2)))
    if len(rows) > 0:
        former, known, teams = former[rows], known[rows], teams[rows]
        share = arrival_share(state.team_maps[teams].sum(axis=2), known.sum(axis=2), p)[:, :, None] * known
        name[rows] += (share * (state.name[former, 0] - name[rows][:, :, None])).sum(axis=2)
        elo[rows] += (share * (state.elo[former] - elo[rows][:, :, None])).sum(axis=2)
        theirs = _habits(state, former, day[rows, None, None], p)
        habits[rows] += (share[..., None] * (theirs - habits[rows][:, :, None])).sum(axis=2)
    return name, elo, habits


def _habits(state: RatingState, teams: IntArray, day: IntArray, p: RatingParameters) -> FloatArray:
    """Maps that teams have played lately, faded to ``day``, shape (*teams.shape, n_maps)."""
    fading: FloatArray = np.exp(-days_since(state.team_day[teams], day) / p.habit_days)
    return state.habit[teams] * fading[..., None]
