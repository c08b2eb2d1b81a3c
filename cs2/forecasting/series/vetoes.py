"""Likely maps of a series from the map frequencies of both teams, for series whose maps are not known yet."""

from itertools import permutations

import numpy as np

from cs2.forecasting.matches import FloatArray, IntArray
from cs2.forecasting.ratings.map_pool import active_maps
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.state import RatingState

RARE = 1e-6
"""Share of a map that neither team plays: it may still be the decider."""


def map_shares(
    state: RatingState, team_ids: IntArray, day: int, p: RatingParameters = DEFAULT
) -> tuple[IntArray, FloatArray]:
    """Return the active maps, and the chance of each to be the first map of a series of these teams.

    The frequency of a map in a team's recent maps is shrunk towards its frequency in all maps. A map is played only if
    neither team bans it, so that the ratios of both teams to the usual frequency are multiplied. On 2024-07 .. 2025-06
    this gains 0.19 log likelihood per map over equal shares; the mean of both teams' frequencies gains 0.15.

    Returns:
        Map ids and their shares, which sum to one, shape (n_active,) each.
    """
    maps = np.flatnonzero(active_maps(state, day))
    recent = (state.pool_day > day - len(state.pool_day)) & (state.pool_day <= day)
    usual = state.pool[recent].sum(axis=0)[maps].astype(float)
    usual /= max(usual.sum(), 1.0)
    shares = usual.copy()
    for team in team_ids.tolist():
        own = state.map_frequency[team if 0 < team < len(state.map_frequency) else 0][maps]
        frequency = (own + p.map_frequency_prior * usual) / (own.sum() + p.map_frequency_prior)
        shares *= frequency / np.maximum(usual, RARE)
    return maps, shares / max(shares.sum(), 1e-12)


def likely_orders(shares: FloatArray, best_of: int) -> tuple[IntArray, FloatArray]:
    """List every order of the maps of a series, drawn without replacement, with its probability.

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
