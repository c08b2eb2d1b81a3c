"""One more map at the end of a history, and its effect on the ratings."""

from dataclasses import fields, replace

import numpy as np

from cs2.forecasting.matches import UNKNOWN, IntArray, MatchHistory
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.ratings.state import RatingState
from tests.testkit.leagues import LAST_DAY


def match(history: MatchHistory, **changes: IntArray) -> MatchHistory:
    """Return one map between known players, after all others."""
    row = np.flatnonzero(history.is_map & history.is_rated & (history.player_ids >= 0).all(axis=(1, 2)))[-1:]
    last = replace(history.take(row), row_id=np.array([10**6]), rounds=np.full((1, 2), UNKNOWN))
    day = np.array([LAST_DAY + 5])
    return replace(last, **{"day": day, "forecast_day": day, "learn_day": day, **changes})


def after(history: MatchHistory, one: MatchHistory) -> tuple[RatingState, RatingState]:
    """Return the ratings before and after one more map."""
    both = MatchHistory(
        **{
            field.name: np.concatenate([getattr(history, field.name), getattr(one, field.name)])
            for field in fields(one)
        }
    )
    return compute_ratings(both, through=LAST_DAY + 4).state, compute_ratings(both).state


def differences(one: RatingState, other: RatingState) -> dict[str, float]:
    """Return the largest difference of each array."""
    return {
        field.name: float(np.abs(getattr(one, field.name) - getattr(other, field.name)).max()) for field in fields(one)
    }
