"""Series from maps, compared with enumeration and with simulation; vetoes."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs2.forecasting.probability import sigmoid
from cs2.forecasting.series.score_lines import BEST_OF, possible_scores, score_lines
from cs2.forecasting.series.vetoes import likely_orders

log_odds = st.lists(st.floats(-6, 6), min_size=5, max_size=5).map(np.array)
errors = st.floats(0, 2)


def in_order(best_of: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(best_of)[None, :], np.ones(1)


@pytest.mark.parametrize("best_of", BEST_OF)
@given(maps=log_odds)
def test_independent_maps_are_counted(best_of: int, maps: np.ndarray) -> None:
    """The sum over all outcomes of all maps, including maps after the decision, gives the same probability."""
    p = sigmoid(maps[:best_of])
    won = 0.0
    for outcome in product((True, False), repeat=best_of):
        if sum(outcome) > best_of // 2:
            won += float(np.prod(np.where(outcome, p, 1 - p)))
    result = score_lines(maps, *in_order(best_of), shared_error=0.0)
    assert result.probability == pytest.approx(won, abs=1e-12)


@pytest.mark.parametrize("best_of", BEST_OF)
@given(maps=log_odds, error=errors)
def test_score_lines_sum_to_one_and_sides_exchange(best_of: int, maps: np.ndarray, error: float) -> None:
    result = score_lines(maps, *in_order(best_of), shared_error=error)
    mirrored = score_lines(-maps, *in_order(best_of), shared_error=error)
    assert list(result.scores) == possible_scores(best_of)
    assert sum(result.scores.values()) == pytest.approx(1, abs=1e-12)
    assert result.probability + mirrored.probability == pytest.approx(1, abs=1e-12)
    for (one, two), p in result.scores.items():
        assert mirrored.scores[two, one] == pytest.approx(p, abs=1e-12)


@given(maps=log_odds, error=errors)
def test_a_best_of_one_has_the_probability_of_its_map(maps: np.ndarray, error: float) -> None:
    assert score_lines(maps, *in_order(1), shared_error=error).probability == pytest.approx(
        float(sigmoid(maps[:1])[0]), abs=1e-9
    )


def test_a_shared_error_agrees_with_simulation() -> None:
    """Draw the error that equal maps share, then count; a clean sweep becomes likelier."""
    rng = np.random.default_rng(3)
    even = np.zeros(3)
    p = 1 / (1 + np.exp(-rng.normal(0, 0.8, 400_000)))
    result = score_lines(even, *in_order(3), shared_error=0.8)
    assert result.scores[2, 0] == pytest.approx(np.mean(p**2), abs=4 * np.std(p**2) / np.sqrt(len(p)))
    assert result.scores[2, 0] > score_lines(even, *in_order(3), shared_error=0.0).scores[2, 0] + 0.01
    assert result.probability == pytest.approx(0.5, abs=1e-12)


def test_longer_series_favour_the_stronger_team() -> None:
    strong = np.full(5, 0.5)
    result = [score_lines(strong, *in_order(best_of), shared_error=0.3).probability for best_of in BEST_OF]
    assert result == sorted(result)
    assert result[0] < result[1] < result[2]


@pytest.mark.parametrize("best_of", BEST_OF)
def test_orders_of_equally_likely_maps_are_equally_likely(best_of: int) -> None:
    orders, chance = likely_orders(np.full(7, 1 / 7), best_of)
    assert len({tuple(order) for order in orders.tolist()}) == len(orders)
    assert chance == pytest.approx(np.full(len(orders), 1 / len(orders)))


def test_a_map_that_is_never_picked_comes_last() -> None:
    orders, chance = likely_orders(np.array([0.5, 0.5, 0.0]), 3)
    by_order = {tuple(order): p for order, p in zip(orders.tolist(), chance, strict=True)}
    assert by_order[0, 1, 2] == pytest.approx(0.5, abs=1e-5)
    assert by_order[1, 0, 2] == pytest.approx(0.5, abs=1e-5)
    assert sum(chance) == pytest.approx(1)


def test_the_first_map_follows_the_shares() -> None:
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    orders, chance = likely_orders(shares, 3)
    assert [chance[orders[:, 0] == number].sum() for number in range(4)] == pytest.approx(shares)


@pytest.mark.parametrize(("n_maps", "best_of"), [(2, 3), (4, 5), (0, 1)])
def test_too_few_maps_are_refused(n_maps: int, best_of: int) -> None:
    with pytest.raises(ValueError, match=f"needs {best_of} maps"):
        likely_orders(np.full(n_maps, 1 / max(n_maps, 1)), best_of)


def test_only_odd_series_exist() -> None:
    with pytest.raises(ValueError, match="1, 3 or 5"):
        score_lines(np.zeros(2), np.array([[0, 1]]), np.ones(1), shared_error=0.0)
