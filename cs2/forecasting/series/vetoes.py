"""Which maps a series is likely to be played on, where they are not known: both teams' habits in the active pool."""

from itertools import permutations

import numpy as np

from cs2.forecasting.matches import FloatArray, IntArray
from cs2.forecasting.ratings.map_pool import active_maps
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.state import RatingState

RARE = 1e-6
"""Share of a map that neither team plays: it may be the last that is left."""


def map_shares(
    state: RatingState, team_ids: IntArray, day: int, p: RatingParameters = DEFAULT
) -> tuple[IntArray, FloatArray]:
    """Active maps, and the chance of each to be the first of a series of these teams.

    A team's habit is what it has played lately, shrunk to what everybody plays. A map needs that neither team bans it:
    how much more often than usual either plays it is multiplied (on 2024-07 .. 2025-06 the played maps are 0.19 log
    likelihood a map likelier so than if all were alike; the mean of both habits gives 0.15).

    Returns:
        Map ids and their shares, which sum to one, shape (n_active,) each.
    """
    maps = np.flatnonzero(active_maps(state, day))
    recent = (state.pool_day > day - len(state.pool_day)) & (state.pool_day <= day)
    usual = state.pool[recent].sum(axis=0)[maps].astype(float)
    usual /= max(usual.sum(), 1.0)
    shares = usual.copy()
    for team in team_ids.tolist():
        own = state.habit[team if 0 < team < len(state.habit) else 0][maps]
        habit = (own + p.habit_prior * usual) / (own.sum() + p.habit_prior)
        shares *= habit / np.maximum(usual, RARE)
    return maps, shares / max(shares.sum(), 1e-12)


def likely_orders(shares: FloatArray, best_of: int) -> tuple[IntArray, FloatArray]:
    """Every order of maps of a series, drawn one after the other without putting back, and its probability.

    Args:
        shares: Chance of each map to come first, shape (n_maps,).
        best_of: 1, 3 or 5.

    Returns:
        Positions in ``shares``, shape (n_orders, best_of), and probabilities that sum to one, shape (n_orders,).

    Raises:
        ValueError: If there are fewer maps than the series may need.
    """
    if len(shares) < best_of:
        raise ValueError(f"a best-of-{best_of} needs {best_of} maps; the active pool has {len(shares)}")
    shares = np.maximum(shares, RARE)
    orders = np.array(list(permutations(range(len(shares)), best_of)), dtype=np.int64)
    chosen = shares[orders]
    before = np.cumsum(chosen, axis=1) - chosen
    probability = (chosen / (shares.sum() - before)).prod(axis=1)
    return orders, probability / probability.sum()
