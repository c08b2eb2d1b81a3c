"""The rating engine: learns a history in parts, and learns it twice.

A newcomer of the first pass may turn out strong; what he did to others in his first maps is judged better when he
starts there in the second.
"""

import numpy as np

from cs2.forecasting.matches import FloatArray, IntArray, MatchHistory
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.ratings.update import learn_rows

FIRST_PASS_GROWTH = 1.1
"""The first pass reaches further whenever the history has grown so many times."""


class RatingEngine:
    """Learns a history, in parts, in order.

    Args:
        history: What is learned, in that order.
        p: The parameters.
        seen: What a first pass over a part of the history ended with: where newcomers start.
    """

    def __init__(
        self, history: MatchHistory, p: RatingParameters = DEFAULT, *, seen: RatingState | None = None
    ) -> None:
        self.state = RatingState.for_history(history, p)
        self._parameters = p
        h = history
        columns = (h.is_map, h.day, h.map_id, h.team_ids, h.player_ids, h.rounds, h.team1_won)
        self._rows = tuple(np.ascontiguousarray(column) for column in columns)
        self._state = tuple(getattr(self.state, name) for name in RatingState.__dataclass_fields__)
        self._hindsight = np.zeros(len(self.state.player_maps))
        if seen is not None:
            self._hindsight = p.first_pass_share * _trust(seen.player_maps, p)
            self.state.skill[:, 0] = seen.skill[:, 0]
            self.state.skill[:, 1] *= 1.0 - (1.0 - p.first_pass_variance) * _trust(seen.player_maps, p)
            of_name = _trust(seen.team_maps.sum(axis=1), p)
            self.state.name[:, 0] = p.first_pass_share * of_name * seen.name[:, 0]
            self.state.name[:, 1] *= 1.0 - (1.0 - p.first_pass_variance) * of_name

    def learn(self, start: int, end: int) -> None:
        """Learn rows ``start`` to ``end`` (exclusive) of the history."""
        learn_rows(start, end, self._rows, self._state, self._hindsight, self._parameters)


def _trust(n_maps: IntArray, p: RatingParameters) -> FloatArray:
    """How far the first pass is believed, from 0 to 1, by the maps it saw."""
    share: FloatArray = n_maps / (n_maps + p.first_pass_maps)
    return share


def first_pass_length(history: MatchHistory, end: int) -> int:
    """How many rows the first pass learns when ``end`` rows are known: those of whole days.

    They grow by tenths, so that learning all of a history twice again and again, whenever it has grown by a tenth,
    costs a constant number of passes: the cost stays linear in the maps. They follow from the rows before ``end`` only.
    """
    if end == 0:
        return 0
    level = int(np.log(end) / np.log(FIRST_PASS_GROWTH))
    last = min(int(FIRST_PASS_GROWTH**level), end) - 1
    return int(np.searchsorted(history.learn_day, history.learn_day[last], side="left"))


def start_second_pass(history: MatchHistory, first: int, p: RatingParameters = DEFAULT) -> RatingEngine:
    """An engine that has learned nothing yet, and starts from what a pass over the ``first`` rows ended with."""
    engine = RatingEngine(history, p)
    engine.learn(0, first)
    return RatingEngine(history, p, seen=engine.state)


def in_learning_order(history: MatchHistory) -> MatchHistory:
    """Rows that ratings may use, in the order in which they are learned, whatever their order was."""
    h = history
    order = np.lexsort((h.row_id, ~h.is_map, h.order_in_day, h.day, h.learn_day))
    return h.take(order[h.is_rated[order]])


def compute_ratings(
    history: MatchHistory, *, through: int | None = None, p: RatingParameters = DEFAULT
) -> RatingSnapshot:
    """Ratings at the end of day ``through`` (default: of the last day)."""
    ordered = in_learning_order(history)
    as_of = int(history.learn_day.max(initial=0)) if through is None else through
    end = int(np.searchsorted(ordered.learn_day, as_of, side="right"))
    engine = start_second_pass(ordered, first_pass_length(ordered, end), p)
    engine.learn(0, end)
    return RatingSnapshot(as_of=as_of, features_version=FEATURES_VERSION, state=engine.state)
