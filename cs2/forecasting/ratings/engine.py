"""The rating engine: learns a history in parts, and learns it twice.

A newcomer of the first pass may turn out strong. In the second pass he starts nearer to the strength that the first
pass ended with, so that his first results count correctly for his opponents.
"""

import numpy as np

from cs2.forecasting.matches import FloatArray, IntArray, MatchHistory
from cs2.forecasting.ratings.compiled import history_arrays, learn_rows, state_arrays
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot
from cs2.forecasting.ratings.state import RatingState

FIRST_PASS_GROWTH = 1.1
"""The first pass is repeated over more rows whenever the history has grown by this factor."""


class RatingEngine:
    """Learns a history, in parts, in order.

    Args:
        history: Rated rows in learning order (``in_learning_order``).
        p: Parameters of the ratings.
        first_pass: State at the end of a first pass over the beginning of the history; newcomers start near it.
    """

    def __init__(
        self, history: MatchHistory, p: RatingParameters = DEFAULT, *, first_pass: RatingState | None = None
    ) -> None:
        self.state = RatingState.for_history(history, p)
        self._parameters = p
        self._history = history_arrays(history)
        self._state = state_arrays(self.state)
        self._first_pass_trust = np.zeros(len(self.state.player_maps))
        if first_pass is not None:
            trust = _trust(first_pass.player_maps, p)
            self._first_pass_trust = p.first_pass_share * trust
            self.state.skill[:, 0] = first_pass.skill[:, 0]
            self.state.skill[:, 1] *= 1.0 - (1.0 - p.first_pass_variance) * trust
            org_trust = _trust(first_pass.team_maps.sum(axis=1), p)
            self.state.org[:, 0] = p.first_pass_share * org_trust * first_pass.org[:, 0]
            self.state.org[:, 1] *= 1.0 - (1.0 - p.first_pass_variance) * org_trust

    def learn(self, start: int, end: int) -> None:
        """Learn rows ``start`` to ``end`` (exclusive) of the history."""
        learn_rows(start, end, self._history, self._state, self._first_pass_trust, self._parameters)


def _trust(n_maps: IntArray, p: RatingParameters) -> FloatArray:
    """Trust in the result of the first pass, from 0 to 1, by the number of its maps; in the shape of ``n_maps``."""
    share: FloatArray = n_maps / (n_maps + p.first_pass_maps)
    return share


def first_pass_length(history: MatchHistory, end: int) -> int:
    """Number of rows that the first pass learns when ``end`` rows are known, cut to whole days.

    The number grows in steps of a tenth. Repeating the first pass at each step costs a constant number of passes in
    total, so that a walk through a history stays linear in its maps. Only rows before ``end`` influence the number.
    """
    if end == 0:
        return 0
    level = int(np.log(end) / np.log(FIRST_PASS_GROWTH))
    last = min(int(FIRST_PASS_GROWTH**level), end) - 1
    return int(np.searchsorted(history.learn_day, history.learn_day[last], side="left"))


def start_second_pass(history: MatchHistory, first: int, p: RatingParameters = DEFAULT) -> RatingEngine:
    """Return an engine at row 0 whose newcomers start near the end of a first pass over the ``first`` rows."""
    engine = RatingEngine(history, p)
    engine.learn(0, first)
    return RatingEngine(history, p, first_pass=engine.state)


def in_learning_order(history: MatchHistory) -> MatchHistory:
    """Return the rated rows of ``history`` in the order in which ratings learn them, independent of their order."""
    h = history
    order = np.lexsort((h.row_id, ~h.is_map, h.order_in_day, h.day, h.learn_day))
    return h.take(order[h.is_rated[order]])


def compute_ratings(
    history: MatchHistory, *, through: int | None = None, p: RatingParameters = DEFAULT
) -> RatingSnapshot:
    """Return the ratings at the end of day ``through`` (default: the last day of the history)."""
    ordered = in_learning_order(history)
    as_of = int(history.learn_day.max(initial=0)) if through is None else through
    end = int(np.searchsorted(ordered.learn_day, as_of, side="right"))
    engine = start_second_pass(ordered, first_pass_length(ordered, end), p)
    engine.learn(0, end)
    return RatingSnapshot(as_of=as_of, features_version=FEATURES_VERSION, state=engine.state)
