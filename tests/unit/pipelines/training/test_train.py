"""Training on a league: evaluated on unseen days, fitted on everything up to today."""

from dataclasses import replace

import numpy as np
import pytest

from cs2.forecasting.matches import MatchHistory
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.simulation.league import simulate_league
from cs2.storage.model_registry import EstimatorKind
from pipelines.training.train import HELD_OUT_DAYS, TooFewMapsError, Training, train

FIRST_DAY = 19_000
TODAY = FIRST_DAY + 240


@pytest.fixture(scope="module")
def history() -> MatchHistory:
    return simulate_league(1, FIRST_DAY, TODAY + 30).history


@pytest.fixture(scope="module")
def training(history: MatchHistory) -> Training:
    return train(history, today=TODAY)


def test_the_span_held_out_is_the_last_one(training: Training) -> None:
    assert training.data.day.max() == TODAY
    assert training.held_out.day.max() == TODAY
    assert training.held_out.day.min() <= TODAY - HELD_OUT_DAYS + 1
    assert len(training.held_out) < len(training.data) / 2
    for model in training.models.values():
        assert model.held_out.shape == training.held_out.day.shape


def test_the_logistic_regression_beats_elo_and_a_coin(training: Training) -> None:
    loss = {kind: model.metrics["log_loss"] for kind, model in training.models.items()}
    assert loss[EstimatorKind.LOGISTIC] < loss[EstimatorKind.ELO] < np.log(2)


def test_exchanged_sides_give_the_complement(training: Training) -> None:
    np.testing.assert_array_equal(training.swapped, 1.0 - training.models[EstimatorKind.LOGISTIC].held_out)


def test_results_after_today_do_not_count(history: MatchHistory, training: Training) -> None:
    known = train(history.take(history.learn_day <= TODAY), today=TODAY)
    for kind, model in training.models.items():
        np.testing.assert_array_equal(model.held_out, known.models[kind].held_out)


def test_a_day_is_forecast_before_its_results_are_used(history: MatchHistory, training: Training) -> None:
    last = history.day == TODAY
    other = replace(history, team1_won=history.team1_won ^ last, rounds=np.where(last[:, None], -1, history.rounds))
    second_run = train(other, today=TODAY)
    for kind, model in training.models.items():
        np.testing.assert_array_equal(model.held_out, second_run.models[kind].held_out)
    assert second_run.held_out.team1_won[-1] != training.held_out.team1_won[-1]


def test_only_maps_that_the_champion_has_not_seen_are_compared(history: MatchHistory, training: Training) -> None:
    np.testing.assert_array_equal(training.beside_champion, training.models[EstimatorKind.LOGISTIC].held_out)
    through = TODAY - 20
    later = train(history, today=TODAY, champion_through=through)
    np.testing.assert_array_equal(np.isnan(later.beside_champion), later.held_out.day <= through)
    champion = train(history, today=through).models[EstimatorKind.LOGISTIC].estimator
    unseen = later.held_out.day > through
    expected = MapModel.from_estimator(champion).probability(later.held_out.X[unseen])
    np.testing.assert_allclose(later.beside_champion[unseen], expected, atol=1e-9)


def test_too_little_history_is_an_error(history: MatchHistory) -> None:
    with pytest.raises(TooFewMapsError, match="training needs 1000"):
        train(history, today=FIRST_DAY + 20)
