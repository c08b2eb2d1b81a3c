"""The rating update as machine code. Plain ``cache=True`` is right: all that is compiled stands in ``update``."""

from collections import namedtuple
from dataclasses import fields
from inspect import isfunction
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from cs2.forecasting.matches import MatchHistory
from cs2.forecasting.ratings import update
from cs2.forecasting.ratings.state import RatingState

LEARNED_COLUMNS = ("is_map", "day", "map_id", "team_ids", "predecessor_ids", "player_ids", "rounds", "team1_won")

for function in vars(update).values():
    if isfunction(function) and function.__module__ == update.__name__:
        # A call would copy the 16 arrays of the state: that took two thirds of the time. LLVM inlines a function that
        # is compiled once; numba's own inlining compiles each copy, which took twice as long.
        register_jitable(forceinline=True)(function)

learn_rows: Any = numba.njit(cache=True)(update.learn_rows)
"""``update.learn_rows``, compiled; takes the tuples below instead of a history and a state."""

HistoryArrays = namedtuple("HistoryArrays", LEARNED_COLUMNS)  # type: ignore[misc]
StateArrays = namedtuple("StateArrays", [field.name for field in fields(RatingState)])  # type: ignore[misc]


def history_arrays(history: MatchHistory) -> Any:
    """The columns that are learned, contiguous; numba reads named tuples, not dataclasses."""
    return HistoryArrays(*(np.ascontiguousarray(getattr(history, name)) for name in LEARNED_COLUMNS))


def state_arrays(state: RatingState) -> Any:
    """The arrays of a state, shared with it."""
    return StateArrays(*(getattr(state, field.name) for field in fields(state)))
