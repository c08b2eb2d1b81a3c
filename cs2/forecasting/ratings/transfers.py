"""What a team takes over with players who come from another one: the rating of its name, its Elo, its habits on maps.

These three are kept by team, and say little of a five that has just come. So whenever a known five plays, each of them
whose latest known five was another team's brings a share of the difference between that team and this one; a team that
never played starts at the mean of those its players come from. Skills and offsets on maps are the players' own anyway.
"""

from typing import Any

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray
from cs2.forecasting.ratings.parameters import RatingParameters
from cs2.forecasting.ratings.state import RatingState, days_since


def transfer_share(n_maps: Any, n_from: Any, p: RatingParameters) -> Any:
    """Share of the difference to his former team that one player brings; plain arithmetic, for numba and numpy.

    Args:
        n_maps: Maps and series that the team has played.
        n_from: How many of its five a latest team is known of.
        p: The parameters.
    """
    return (n_maps > 0) * p.transfer_share / 5.0 + (n_maps == 0) / (n_from + 1.0 * (n_from == 0))


def with_transfers(
    state: RatingState, teams: IntArray, maps: IntArray, players: IntArray, day: IntArray, p: RatingParameters
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Name, Elo and habits of teams as they will be when these fives play: what ``learning`` writes before such a row.

    Args:
        state: What was learned.
        teams: Rows of both teams, shape (n, 2).
        maps: Rows of the maps, shape (n, 2).
        players: Rows of the fives that are told, 0 where none is, shape (n, 2, 5).
        day: Day of each question, shape (n,).
        p: The parameters.

    Returns:
        Means of the names; Elos; maps played lately, faded to ``day``: of this map; of all. Shape (n, 2) each.
    """
    known = (*_of_teams(state, teams), *_habits(state, teams, maps, day[:, None], p))
    former = state.player_team[players]
    has_former = former != UNKNOWN
    row, side = np.nonzero((has_former & (former != teams[:, :, None])).any(axis=2))
    if len(row) > 0:
        former, has_former, team = former[row, side], has_former[row, side], teams[row, side]
        share = transfer_share(state.team_maps[team].sum(axis=1), has_former.sum(axis=1), p)[:, None] * has_former
        their_map = np.broadcast_to(maps[row, side][:, None], former.shape)
        theirs = (*_of_teams(state, former), *_habits(state, former, their_map, day[row, None], p))
        for own, brought in zip(known, theirs, strict=True):
            own[row, side] += (share * (brought - own[row, side][:, None])).sum(axis=1)
    return known


def _of_teams(state: RatingState, teams: IntArray) -> tuple[FloatArray, FloatArray]:
    """Means of names, and Elos."""
    return state.name[teams, 0], state.elo[teams]


def _habits(
    state: RatingState, teams: IntArray, maps: IntArray, day: IntArray, p: RatingParameters
) -> tuple[FloatArray, FloatArray]:
    """How often teams have played a map lately, and all maps, faded to ``day``."""
    fading = np.exp(-days_since(state.team_day[teams], day) / p.habit_days)
    return state.habit[teams, maps] * fading, state.habit[teams].sum(axis=-1) * fading
