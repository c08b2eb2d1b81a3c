"""Two passes over a history: the first uses only the past and initialises the newcomers of the second."""

import numpy as np
import pytest

from cs2.forecasting.matches import MatchHistory
from cs2.forecasting.ratings.engine import (
    FIRST_PASS_GROWTH,
    RatingEngine,
    first_pass_length,
    in_learning_order,
    start_second_pass,
)
from cs2.forecasting.ratings.parameters import DEFAULT
from tests.testkit.leagues import messy_league


@pytest.fixture(scope="module")
def history() -> MatchHistory:
    return in_learning_order(messy_league())


def test_the_first_pass_depends_on_whole_past_days_alone(history: MatchHistory) -> None:
    for end in range(0, len(history) + 1, 97):
        first = first_pass_length(history, end)
        assert first <= end
        assert first == first_pass_length(history.take(slice(0, end)), end)
        if 0 < first < len(history):
            assert history.learn_day[first - 1] < history.learn_day[first]


def test_the_first_pass_is_repeated_when_the_history_has_grown(history: MatchHistory) -> None:
    ends = np.unique(np.searchsorted(history.learn_day, np.unique(history.learn_day)))
    firsts = np.array([first_pass_length(history, end) for end in ends.tolist()])
    assert (firsts[ends > 1000] > 0.85 * ends[ends > 1000]).all()
    assert len(np.unique(firsts)) < np.log(len(history)) / np.log(FIRST_PASS_GROWTH) + 2


def test_newcomers_start_nearer_to_their_later_skill(history: MatchHistory) -> None:
    first = first_pass_length(history, len(history))
    first_pass = RatingEngine(history)
    first_pass.learn(0, first)
    second = start_second_pass(history, first)
    known = first_pass.state.player_maps >= 20
    assert known.sum() > 50
    assert (second.state.skill[known, 1] < DEFAULT.skill_variance).all()
    assert (second.state.skill[~(first_pass.state.player_maps > 0), 1] == DEFAULT.skill_variance).all()
    once = RatingEngine(history)
    for engine in (once, second):
        engine.learn(0, 60)
    young = known & (second.state.player_maps > 0) & (second.state.player_maps < 10)
    assert young.sum() > 20
    missed = [
        np.abs(engine.state.skill[young, 0] - first_pass.state.skill[young, 0]).mean() for engine in (once, second)
    ]
    assert missed[1] < 0.6 * missed[0]
