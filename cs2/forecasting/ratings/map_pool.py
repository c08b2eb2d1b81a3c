"""The active map pool: maps that are played in competition at present."""

from cs2.forecasting.matches import BoolArray
from cs2.forecasting.ratings.state import POOL_DAYS, RatingState

POOL_SHARE = 0.02


def active_maps(state: RatingState, day: int) -> BoolArray:
    """Whether each map is in the active pool: at least 2% of the maps of the last 90 days, shape (n_maps,)."""
    recent = (state.pool_day > day - POOL_DAYS) & (state.pool_day <= day)
    played = state.pool[recent].sum(axis=0)
    active: BoolArray = played >= POOL_SHARE * max(int(played.sum()), 1)
    active[0] = False
    return active
