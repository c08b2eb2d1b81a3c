"""No leaks: a changed future leaves every earlier forecast bit-identical."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.backtest import backtest, month_starts
from cs2.forecasting.evaluation.walk_forward import build_training_set, questions_about, walk_forward
from cs2.forecasting.matches import FloatArray, IntArray, MatchHistory
from cs2.forecasting.model.estimators import DEFAULT_PARAMETERS, fit_logistic
from cs2.forecasting.model.features import FEATURE_NAMES, features
from cs2.forecasting.model.forecast import forecast
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.training_set import TrainingSet
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from tests.testkit.leagues import (
    LAST_DAY,
    SHORT_MEMORY,
    day_number,
    forecast_rows,
    messy_league,
    mirrored,
    numbers,
    played,
    same,
    tampered,
)

FIRST = day_number(2023, 11, 20)
"""The first day that is forecast."""

DAYS = [
    day_number(2023, 11, 29),
    day_number(2023, 11, 30),
    day_number(2023, 12, 1),
    day_number(2023, 12, 2),
    day_number(2023, 12, 15),
    day_number(2023, 12, 31),
    day_number(2024, 1, 1),
    day_number(2024, 2, 1),
]


@pytest.fixture(scope="module")
def history() -> MatchHistory:
    return messy_league()


@pytest.fixture(scope="module")
def rows(history: MatchHistory) -> IntArray:
    return played(history, FIRST, LAST_DAY)


@pytest.fixture(scope="module")
def baseline(history: MatchHistory, rows: IntArray) -> FloatArray:
    return numbers(forecast_rows(history, history, rows))


def test_the_league_has_what_real_data_has(history: MatchHistory) -> None:
    two_days = history.learn_day > history.forecast_day
    over_the_month = two_days & (month_starts(history.learn_day) > month_starts(history.forecast_day))
    unknown = history.player_ids[:, :, 0] == -1
    for mask in (two_days, over_the_month, unknown.any(axis=1), ~history.is_map, ~history.is_rated):
        assert mask.sum() > 10


@pytest.mark.parametrize("day", DAYS)
def test_results_from_a_day_on_change_no_earlier_forecast(
    history: MatchHistory, rows: IntArray, baseline: FloatArray, day: int
) -> None:
    changed_forecasts = numbers(forecast_rows(tampered(history, history.day >= day), history, rows))
    until = history.forecast_day[rows] <= day
    np.testing.assert_array_equal(changed_forecasts[until], baseline[until])
    later = history.forecast_day[rows] > day + 1
    assert (changed_forecasts[later] != baseline[later]).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("day", DAYS)
def test_later_matches_may_be_missing(history: MatchHistory, rows: IntArray, baseline: FloatArray, day: int) -> None:
    early_rows = rows[history.forecast_day[rows] <= day]
    known = history.take(history.learn_day < day)
    np.testing.assert_array_equal(
        numbers(forecast_rows(known, history, early_rows[history.forecast_day[early_rows] == day])),
        baseline[history.forecast_day[rows] == day],
    )


def test_a_two_day_series_is_forecast_before_its_first_result(
    history: MatchHistory, rows: IntArray, baseline: FloatArray
) -> None:
    """A changed first day changes no forecast of the second day, nor of other matches on that day."""
    for day in (day_number(2023, 11, 30), day_number(2023, 12, 31), day_number(2024, 1, 31)):
        first_half = (history.day == day) & (history.learn_day == day + 1)
        second_half = (history.day[rows] == day + 1) & (history.forecast_day[rows] == day)
        assert first_half.sum() >= 1
        assert second_half.sum() >= 1
        changed_forecasts = numbers(forecast_rows(tampered(history, first_half), history, rows))
        until = (history.forecast_day[rows] <= day + 1) | second_half
        np.testing.assert_array_equal(changed_forecasts[until], baseline[until])


@pytest.mark.parametrize("span", [(0, 0), (1, 20), (10, 10), (33, 45), (0, 95)])
def test_a_forecast_does_not_depend_on_the_window(
    history: MatchHistory, rows: IntArray, baseline: FloatArray, span: tuple[int, int]
) -> None:
    inside = np.flatnonzero((history.day[rows] >= FIRST + span[0]) & (history.day[rows] <= FIRST + span[1]))
    np.testing.assert_array_equal(numbers(forecast_rows(history, history, rows[inside])), baseline[inside])


def test_a_question_is_forecast_the_same_alone_and_among_many(
    history: MatchHistory, rows: IntArray, baseline: FloatArray
) -> None:
    for position in range(0, len(rows), 150):
        alone = numbers(forecast_rows(history, history, rows[[position]]))
        np.testing.assert_array_equal(alone[0], baseline[position])


def test_the_order_of_questions_changes_nothing(history: MatchHistory, rows: IntArray, baseline: FloatArray) -> None:
    order = np.random.default_rng(5).permutation(len(rows))
    np.testing.assert_array_equal(numbers(forecast_rows(history, history, rows[order])), baseline[order])


def test_the_order_of_rows_changes_nothing(history: MatchHistory, rows: IntArray, baseline: FloatArray) -> None:
    shuffled = history.take(np.random.default_rng(6).permutation(len(history)))
    assert not same(shuffled, history)
    np.testing.assert_allclose(numbers(forecast_rows(shuffled, history, rows)), baseline, rtol=0, atol=1e-12)


def test_which_team_stands_first_changes_nothing(history: MatchHistory, rows: IntArray, baseline: FloatArray) -> None:
    """The order of the teams matters neither in training rows nor in questions."""
    chosen = np.random.default_rng(7).random(len(history)) < 0.5
    other = mirrored(history, chosen)
    changed_forecasts = numbers(forecast_rows(other, other, rows))
    expected = np.where(chosen[rows, None], 1.0 - baseline, baseline)
    np.testing.assert_allclose(changed_forecasts, expected, rtol=0, atol=1e-12)


def test_flagged_rows_are_never_learned(history: MatchHistory, rows: IntArray, baseline: FloatArray) -> None:
    """Flagged rows may have any result or be missing."""
    flagged = ~history.is_rated
    other = replace(tampered(history, flagged), is_rated=history.is_rated)
    np.testing.assert_array_equal(numbers(forecast_rows(other, history, rows)), baseline)
    np.testing.assert_array_equal(numbers(forecast_rows(history.take(~flagged), history, rows)), baseline)
    assert flagged[build_training_set(history).row].sum() == 0


def test_an_estimator_is_fitted_once_on_each_past_map(history: MatchHistory, rows: IntArray) -> None:
    """No fold splits a series, and no map is accompanied by its mirror image."""
    fits: list[TrainingSet] = []

    def fit(data: TrainingSet) -> MapModel:
        fits.append(data)
        return MapModel.from_estimator(fit_logistic(data))

    questions = questions_about(history).take(rows)
    result = backtest(history, questions, history.best_of[rows], fit=fit, parameters=SHORT_MEMORY)
    for data, today in zip(fits, np.unique(month_starts(questions.day)), strict=True):
        assert len(np.unique(data.row)) == len(data) > 500
        assert history.learn_day[data.row].max() == today - 1
        assert today - SHORT_MEMORY.history_days <= data.day.min() <= today - SHORT_MEMORY.history_days + 2
        assert history.is_map[data.row].all()
        assert history.is_rated[data.row].all()
        np.testing.assert_array_equal(data.team1_won, history.team1_won[data.row])
    np.testing.assert_array_equal(result.trained_through, month_starts(questions.day) - 1)


def test_training_features_are_those_of_the_forecast(history: MatchHistory) -> None:
    """A training map has the features of a question about it; later maps do not matter."""
    day = day_number(2023, 12, 15)
    data = build_training_set(history, through=day)
    other = build_training_set(tampered(history, history.day > day), through=day)
    untouched = np.isin(data.row, other.row)
    np.testing.assert_array_equal(data.row[untouched], other.row)
    np.testing.assert_array_equal(data.X[untouched], other.X)
    assert (history.learn_day[data.row] <= day).all()


def test_the_served_forecast_is_that_of_the_backtest(
    history: MatchHistory, rows: IntArray, baseline: FloatArray
) -> None:
    """The stored ratings of the evening before and the model of the month give the backtest's forecast."""
    day = day_number(2023, 12, 15)
    start = day_number(2023, 12, 1)
    data = build_training_set(history, since=start - SHORT_MEMORY.history_days, through=start - 1)
    model = MapModel.from_estimator(fit_logistic(data))
    snapshot = RatingSnapshot.from_bytes(compute_ratings(history, through=day - 1).to_bytes())
    on_the_day = np.flatnonzero((history.forecast_day[rows] == day) & history.is_map[rows])
    served = forecast(model, snapshot, questions_about(history).take(rows[on_the_day]))
    np.testing.assert_array_equal(served.probability, baseline[on_the_day, 0])


def test_late_results_lose_smoothly(history: MatchHistory) -> None:
    """A leak would show as a step: a result a day too early helps far more than a day's delay costs."""
    rows = played(history, day_number(2023, 9, 1), LAST_DAY)
    rows = rows[history.is_rated[rows] & history.is_map[rows]]
    losses = {}
    for delay in (0, 1, 2, 3, 7, 14, 45):
        late = replace(history, learn_day=history.learn_day + delay)
        result = forecast_rows(late, history, rows, DEFAULT_PARAMETERS)
        losses[delay] = metrics.log_loss(result.probability, history.team1_won[rows])
    steps = np.diff(list(losses.values()))
    assert np.abs(steps[:-1]).max() < 0.003, losses
    assert losses[45] > losses[0], losses


def test_features_of_a_day_precede_its_results(history: MatchHistory) -> None:
    """The state that forecasts a day equals the snapshot of the evening before."""
    day = day_number(2023, 12, 1)
    questions = questions_about(history).take(np.flatnonzero(history.forecast_day == day))
    walked = walk_forward(history, questions, features, n_columns=len(FEATURE_NAMES))
    evening = compute_ratings(history, through=day - 1).state
    np.testing.assert_array_equal(walked, partial(features, evening)(questions))
