"""Estimators: odd in the features, independent of the order of teams, never validated on mirror images."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.estimators import (
    DEFAULT_PARAMETERS,
    EstimatorParameters,
    MirroredBoosting,
    fit_boosting,
    fit_elo,
    fit_logistic,
    weights,
)
from cs2.forecasting.model.features import FEATURE_NAMES, PLAYER_FEATURES
from cs2.forecasting.model.map_model import MapModel, least_player_gain
from cs2.forecasting.model.training_set import TrainingSet

TODAY = 1000
RATING, ELO = (FEATURE_NAMES.index(name) for name in ("rating_x_experience", "elo"))
FITS = [fit_elo, fit_logistic, fit_boosting]


def drawn(n: int = 3000, seed: int = 0) -> TrainingSet:
    """Draw maps whose outcome follows from two features; team 1 is the stronger one more often."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0.3, 1.0, (n, len(FEATURE_NAMES)))
    won = rng.random(n) < 1 / (1 + np.exp(-(0.8 * X[:, RATING] + 0.4 * X[:, ELO])))
    return TrainingSet(X=X, team1_won=won, day=np.sort(rng.integers(0, TODAY, n)), row=np.arange(n))


def probability(estimator: Any, X: FloatArray) -> FloatArray:
    won: FloatArray = estimator.predict_proba(X)[:, 1]
    return won


@pytest.mark.parametrize("fit", FITS)
def test_exchanged_sides_give_the_complement(fit: Callable[..., Any]) -> None:
    estimator = fit(drawn())
    X = np.random.default_rng(1).normal(0, 3, (2000, len(FEATURE_NAMES)))
    both = probability(estimator, X) + probability(estimator, -X)
    np.testing.assert_allclose(both, 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(probability(estimator, np.zeros_like(X[:1])), 0.5, rtol=0, atol=1e-12)


@pytest.mark.parametrize("fit", FITS)
def test_the_order_of_teams_in_training_changes_nothing(fit: Callable[..., Any]) -> None:
    data = drawn()
    swap = np.random.default_rng(2).random(len(data)) < 0.5
    other = replace(data, X=np.where(swap[:, None], -data.X, data.X), team1_won=data.team1_won ^ swap)
    exchanged, expected = (probability(fit(part), data.X) for part in (other, data))
    np.testing.assert_allclose(exchanged, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("fit", FITS)
def test_the_order_of_training_maps_changes_nothing(fit: Callable[..., Any]) -> None:
    data = drawn()
    shuffled = data.take(np.random.default_rng(3).permutation(len(data)))
    reordered, expected = (probability(fit(part), data.X) for part in (shuffled, data))
    np.testing.assert_allclose(reordered, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("fit", FITS)
def test_an_estimator_finds_what_decides(fit: Callable[..., Any]) -> None:
    X = np.zeros((2, len(FEATURE_NAMES)))
    X[:, [RATING, ELO]] = [[1.0, 1.0], [-1.0, -1.0]]
    stronger, weaker = probability(fit(drawn()), X)
    assert stronger > 0.55
    assert weaker < 0.45


def test_boosting_validates_on_no_mirror_images() -> None:
    """Early stopping would validate on rows whose mirror images are in the training data."""
    fitted = MirroredBoosting(max_iter=15).fit(drawn(12_000).X, drawn(12_000).team1_won)
    assert fitted.boosting_.n_iter_ == 15
    assert fitted.boosting_.validation_score_.size == 0


def test_the_prior_correlates_coefficients_as_the_features() -> None:
    """The fit is the mode of the posterior: the gradient of its logarithm is zero."""
    data = drawn()
    X = data.X + 1.5 * data.X[:, [RATING]]
    won = np.random.default_rng(5).random(len(data)) < 1 / (1 + np.exp(-0.1 * X.sum(axis=1)))
    fitted = fit_logistic(replace(data, X=X, team1_won=won))
    scaled, b = fitted["scale"].transform(X), fitted["regression"].coef_[0]
    age = weights(data.day, half_life_maps=DEFAULT_PARAMETERS.half_life_maps)
    correlation = (scaled * age[:, None]).T @ scaled / age.sum()
    assert correlation.min() > 0.2
    missed = DEFAULT_PARAMETERS.inverse_penalty * scaled.T @ (age * (won - probability(fitted, X)))
    prior = correlation / np.linalg.eigvalsh(correlation)[-1]
    np.testing.assert_allclose(prior @ missed, b, rtol=0, atol=1e-6)
    assert (b > 0).all()


def test_the_elo_baseline_reads_elo_alone() -> None:
    data = drawn()
    estimator = fit_elo(data)
    other = np.random.default_rng(4).normal(size=data.X.shape)
    other[:, FEATURE_NAMES.index("elo")] = data.X[:, FEATURE_NAMES.index("elo")]
    np.testing.assert_array_equal(probability(estimator, other), probability(estimator, data.X))


def test_a_weight_halves_after_the_half_life() -> None:
    """Maps of one day weigh the same in any order; the age of the newest day does not matter."""
    result = weights(np.array([900, 1000, 0, 900, 1000]), half_life_maps=2.0)
    np.testing.assert_allclose(result, [0.5, 1.0, 0.25, 0.5, 1.0])


def test_recent_maps_outweigh_old_ones() -> None:
    data = drawn(4000)
    opposite = replace(data, team1_won=data.team1_won ^ (data.day < 200))
    X = np.zeros((1, len(FEATURE_NAMES)))
    X[0, RATING] = 1.0

    def forecast_with(half_life_maps: float) -> float:
        parameters = EstimatorParameters(half_life_maps=half_life_maps)
        return float(probability(fit_logistic(opposite, parameters=parameters), X)[0])

    assert forecast_with(400) > 0.6
    assert forecast_with(40_000) < forecast_with(400)


def test_no_player_feature_gets_a_negative_coefficient() -> None:
    """Outcomes that favour negative coefficients: those stay at zero, the others are fitted as if those were absent."""
    data = drawn()
    harmful = [FEATURE_NAMES.index(name) for name in PLAYER_FEATURES[1:]]
    rng = np.random.default_rng(4)
    won = rng.random(len(data)) < 1 / (1 + np.exp(-(0.8 * data.X[:, ELO] - data.X[:, harmful].sum(axis=1))))
    model = MapModel.from_estimator(fit_logistic(replace(data, team1_won=won)))
    assert (model.coefficients[harmful] == 0).all()
    assert least_player_gain(model) >= 0
    assert model.coefficients[ELO] > 0.3
