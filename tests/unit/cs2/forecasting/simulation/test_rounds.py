"""The probability of a map from that of a round, and maps as they are played."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cs2.forecasting.simulation.rounds import play_rounds, round_to_map_probability


@settings(deadline=None)
@given(st.floats(-3, 3))
def test_both_sides_sum_to_one(log_odds: float) -> None:
    both = round_to_map_probability(np.array([log_odds, -log_odds]))
    np.testing.assert_allclose(both.sum(), 1.0, atol=1e-12)


def test_a_better_side_wins_more_often() -> None:
    probability = round_to_map_probability(np.linspace(-2, 2, 41))
    assert np.all(np.diff(probability) > 0)
    assert probability[20] == 0.5


def test_maps_are_won_as_often_as_computed() -> None:
    log_odds = np.repeat([-0.3, 0.0, 0.15], 40_000)
    rounds = play_rounds(np.random.default_rng(1), log_odds)
    won = (rounds[:, 0] > rounds[:, 1]).reshape(3, -1).mean(axis=1)
    np.testing.assert_allclose(won, round_to_map_probability(np.array([-0.3, 0.0, 0.15])), atol=0.01)


def test_scores_end_as_the_rules_say() -> None:
    rounds = play_rounds(np.random.default_rng(2), np.zeros(5_000))
    winner, loser = rounds.max(axis=1), rounds.min(axis=1)
    regulation = (winner == 13) & (loser <= 11)
    overtime = (winner >= 16) & ((winner - 16) % 3 == 0) & (winner - loser >= 2) & (winner - loser <= 4)
    assert np.all(regulation | overtime)
    assert overtime.any()
