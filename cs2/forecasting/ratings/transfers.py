"""Transfers: what a team takes over from the teams that its players come from.

The rating of the organisation, the Elo and the map frequencies belong to a team and say little about a five that has
just joined. Whenever a given lineup plays, each of its players whose latest lineup was of another team brings a share
of the difference between that team and this one. A team without any match starts at the mean of the former teams of
its players. Skills and offsets on maps belong to the players anyway.
"""

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray
from cs2.forecasting.ratings.parameters import RatingParameters
from cs2.forecasting.ratings.state import RatingState, days_since
from cs2.forecasting.ratings.update import transfer_share


def with_transfers(
    state: RatingState, teams: IntArray, maps: IntArray, players: IntArray, day: IntArray, p: RatingParameters
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return what belongs to teams as it will be when these fives play: ``update.apply_transfers`` for questions.

    Args:
        state: Ratings before the day.
        teams: Rows of both teams, shape (n, 2).
        maps: Rows of the maps, shape (n, 2).
        players: Rows of the given lineups, 0 where none is given, shape (n, 2, 5).
        day: Day of each question, shape (n,).
        p: Parameters of the ratings.

    Returns:
        Ratings of the organisations; Elos; recent plays of this map, faded to ``day``; recent plays of all maps.
        Shape (n, 2) each.
    """
    own = (*_orgs_and_elos(state, teams), *_map_frequencies(state, teams, maps, day[:, None], p))
    former = state.player_team[players]
    has_former = former != UNKNOWN
    row, side = np.nonzero((has_former & (former != teams[:, :, None])).any(axis=2))
    if len(row) > 0:
        former, has_former, team = former[row, side], has_former[row, side], teams[row, side]
        share = transfer_share(state.team_maps[team].sum(axis=1), has_former.sum(axis=1), p)[:, None] * has_former
        map_rows = np.broadcast_to(maps[row, side][:, None], former.shape)
        brought = (*_orgs_and_elos(state, former), *_map_frequencies(state, former, map_rows, day[row, None], p))
        for values, former_values in zip(own, brought, strict=True):
            values[row, side] += (share * (former_values - values[row, side][:, None])).sum(axis=1)
    return own


def _orgs_and_elos(state: RatingState, teams: IntArray) -> tuple[FloatArray, FloatArray]:
    """Ratings of the organisations and Elos, in the shape of ``teams``."""
    return state.org[teams, 0], state.elo[teams]


def _map_frequencies(
    state: RatingState, teams: IntArray, maps: IntArray, day: IntArray, p: RatingParameters
) -> tuple[FloatArray, FloatArray]:
    """Recent plays of one map and of all maps by each team, faded to ``day``, in the shape of ``teams``."""
    fading = np.exp(-days_since(state.team_day[teams], day) / p.map_frequency_days)
    return state.map_frequency[teams, maps] * fading, state.map_frequency[teams].sum(axis=-1) * fading
