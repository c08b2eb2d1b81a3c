"""Matches as arrays: the one input of ratings, training and backtest."""

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

UNKNOWN = -1
"""Stands for a map, player or score that the source does not publish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchHistory:
    """Played maps, and series of which no maps are known, one row each, in a fixed order.

    Ids are those of the dictionaries (small positive integers), so that they index arrays of ratings. Days count from
    1970-01-01. A row is forecast with the ratings before ``forecast_day``, and ratings learn it at the end of
    ``learn_day``; both days follow from the schedule of the pair of teams, never from a result.

    Attributes:
        row_id: Key of the stored row (map result or series, told apart by ``is_map``), shape (n,).
        is_map: One map (True), or one series without known maps (False), shape (n,).
        day: The date the source publishes, shape (n,).
        forecast_day: First day on which this pair of teams plays the series, shape (n,).
        learn_day: Last day of it, at least ``forecast_day``, shape (n,).
        order_in_day: Sequence within the day as far as known, else 0, shape (n,).
        map_id: Map, or UNKNOWN for a series, shape (n,).
        team_ids: Both teams, shape (n, 2).
        predecessor_ids: Of a team that never played before ``forecast_day``, the team that bore its name before; else
            UNKNOWN. Shape (n, 2).
        player_ids: Both lineups, UNKNOWN in all five places if the lineup is unknown, shape (n, 2, 5).
        rounds: Rounds won by each side, UNKNOWN where not published, shape (n, 2).
        team1_won: Whether the first team won, shape (n,).
        best_of: 1, 3 or 5 as announced, 0 where unknown, shape (n,).
        is_rated: Whether ratings, training and scores may use the row: no winner conflict, no suspect date, shape (n,).
        valve_rank: Rank of each team in Valve's last standings before the match, 0 where unranked, shape (n, 2).
    """

    row_id: IntArray
    is_map: BoolArray
    day: IntArray
    forecast_day: IntArray
    learn_day: IntArray
    order_in_day: IntArray
    map_id: IntArray
    team_ids: IntArray
    predecessor_ids: IntArray
    player_ids: IntArray
    rounds: IntArray
    team1_won: BoolArray
    best_of: IntArray
    is_rated: BoolArray
    valve_rank: IntArray

    def __len__(self) -> int:
        return len(self.day)

    def take(self, index: IntArray | BoolArray | slice) -> "MatchHistory":
        """Select rows, in the order of ``index``."""
        return MatchHistory(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchQuestions:
    """Maps to forecast, one row each.

    Attributes:
        map_id: Map, or UNKNOWN for the average over maps, shape (n,).
        team_ids: Both teams, shape (n, 2).
        player_ids: Both lineups; UNKNOWN in all five places if the lineup is unknown, shape (n, 2, 5).
        day: The day of play, shape (n,).
    """

    map_id: IntArray
    team_ids: IntArray
    player_ids: IntArray
    day: IntArray

    def __len__(self) -> int:
        return len(self.map_id)

    def take(self, index: IntArray | BoolArray) -> "MatchQuestions":
        """Select questions, in the order of ``index``."""
        return MatchQuestions(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def swapped(self) -> "MatchQuestions":
        """Return the same maps with the sides exchanged."""
        return MatchQuestions(
            map_id=self.map_id, team_ids=self.team_ids[:, ::-1], player_ids=self.player_ids[:, ::-1], day=self.day
        )
