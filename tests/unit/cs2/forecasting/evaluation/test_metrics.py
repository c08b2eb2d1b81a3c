"""Scores against scikit-learn's; recalibration and intervals against simulated truth."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.matches import BoolArray, FloatArray


def drawn(seed: int, n: int = 500, slope: float = 1.0, intercept: float = 0.0) -> tuple[FloatArray, BoolArray]:
    """Return forecasts, and outcomes whose log-odds are ``slope`` times those of the forecasts plus ``intercept``."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0, 0.8, n)
    won = rng.random(n) < 1 / (1 + np.exp(-(slope * log_odds + intercept)))
    return 1 / (1 + np.exp(-log_odds)), won


@settings(deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_scores_are_those_of_scikit_learn(seed: int, coarse: bool) -> None:
    p, won = drawn(seed, 60)
    p = np.round(p, 1) * 0.98 + 0.01 if coarse else p  # coarse: with ties
    won[:2] = [True, False]
    assert metrics.log_loss(p, won) == pytest.approx(reference.log_loss(won, p), abs=1e-12)
    assert metrics.brier_score(p, won) == pytest.approx(reference.brier_score_loss(won, p), abs=1e-12)
    assert metrics.auc(p, won) == pytest.approx(reference.roc_auc_score(won, p), abs=1e-12)
    decided = p != 0.5
    right = reference.accuracy_score(won[decided], p[decided] > 0.5, normalize=False)
    assert metrics.accuracy(p, won) == pytest.approx((right + 0.5 * (~decided).sum()) / len(p), abs=1e-12)


def test_losses_are_of_each_map_and_finite_at_the_edges() -> None:
    p, won = drawn(1)
    assert metrics.log_losses(p, won).mean() == pytest.approx(metrics.log_loss(p, won))
    assert np.isfinite(metrics.log_losses(np.array([0.0, 1.0]), np.array([True, False]))).all()


@pytest.mark.parametrize("bad", [np.nan, -0.01, 1.01])
def test_a_value_outside_0_and_1_is_rejected(bad: float) -> None:
    with pytest.raises(ValueError, match="leaves"):
        metrics.log_loss(np.array([0.5, bad]), np.array([True, False]))
    with pytest.raises(ValueError, match="2 probabilities for 1 outcomes"):
        metrics.brier_score(np.array([0.5, 0.5]), np.array([True]))


def test_one_outcome_alone_has_no_auc() -> None:
    assert np.isnan(metrics.auc(np.array([0.4, 0.6]), np.array([True, True])))


def test_recalibration_is_an_unpenalised_logistic_regression() -> None:
    p, won = drawn(2, slope=1.4, intercept=-0.2)
    log_odds = np.log(p / (1 - p))[:, None]
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(log_odds, won)
    recalibration = metrics.recalibration(p, won)
    assert recalibration.slope == pytest.approx(fitted.coef_[0, 0], abs=1e-6)
    assert recalibration.intercept == pytest.approx(fitted.intercept_[0], abs=1e-6)


def test_errors_of_a_recalibration_are_as_large_as_its_misses() -> None:
    fits = [metrics.recalibration(*drawn(seed, slope=0.8, intercept=0.3)) for seed in range(300)]
    for value, error, truth in (("slope", "slope_error", 0.8), ("intercept", "intercept_error", 0.3)):
        misses = np.array([(getattr(fit, value) - truth) / getattr(fit, error) for fit in fits])
        assert abs(misses.mean()) < 0.25
        assert 0.85 < misses.std() < 1.15


def test_calibration_bins_are_those_of_scikit_learn() -> None:
    p, won = drawn(3, 2000)
    bins = metrics.calibration_bins(p, won)
    share, forecast = calibration_curve(won, p, n_bins=10)
    np.testing.assert_allclose(bins.won, share)
    np.testing.assert_allclose(bins.forecast, forecast)
    assert bins.count.sum() == 2000
    expected = (np.abs(share - forecast) * bins.count).sum() / 2000
    assert bins.expected_error() == pytest.approx(expected)


def test_a_certain_forecast_falls_into_the_last_bin() -> None:
    bins = metrics.calibration_bins(np.array([1.0, 0.95, 0.0]), np.array([True, True, False]))
    assert bins.count.tolist() == [1, 2]


def test_intervals_by_day_cover_the_truth_despite_daily_effects() -> None:
    """Maps of one day share a shift: an interval that assumed independence would be far too narrow."""
    day = np.repeat(np.arange(40), 25)
    n_covered, widths = 0, []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = rng.normal(0, 1, 40)[day] + rng.normal(0, 1, len(day))
        interval = metrics.by_day(values, day, n_resamples=400, seed=seed)
        n_covered += interval.low <= 0 <= interval.high
        widths.append(interval.high - interval.low)
        assert interval.estimate == pytest.approx(values.mean())
    assert 0.88 <= n_covered / 200 <= 0.985
    assert np.mean(widths) > 3 * 2 * 1.96 * np.sqrt(2 / len(day))


def test_an_interval_by_day_is_reproducible_in_any_order() -> None:
    rng = np.random.default_rng(4)
    day, values = rng.integers(0, 20, 300), rng.normal(size=300)
    order = rng.permutation(300)
    one, other = metrics.by_day(values, day), metrics.by_day(values[order], day[order])
    np.testing.assert_allclose([one.low, one.high], [other.low, other.high], atol=1e-12)


def test_separable_outcomes_give_a_steep_and_uncertain_slope() -> None:
    """No finite slope is steep enough: the numbers get large, without an overflow."""
    p = np.array([0.4, 0.43, 0.44, 0.45, 0.5201, 0.5202, 0.9])
    recalibration = metrics.recalibration(p, p > 0.52)
    assert recalibration.slope > 10
    assert recalibration.slope_error > recalibration.slope
