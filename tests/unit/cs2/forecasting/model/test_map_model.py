"""The served model: symmetric, monotone, the same after being stored, with intervals and warnings."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from cs2.forecasting.evaluation.walk_forward import build_training_set, questions_about
from cs2.forecasting.matches import UNKNOWN, IntArray, MatchHistory, MatchQuestions
from cs2.forecasting.model.estimators import fit_elo, fit_logistic
from cs2.forecasting.model.features import FEATURE_NAMES, features
from cs2.forecasting.model.forecast import Forecasts, forecast
from cs2.forecasting.model.map_model import MapModel, least_player_gain
from cs2.forecasting.model.regression_cases import N_CASES, build_regression_cases, regression_error
from cs2.forecasting.model.training_set import TrainingSet
from cs2.forecasting.probability import EDGE, sigmoid
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.ratings.map_pool import active_maps
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from tests.testkit.leagues import LAST_DAY, messy_league

TODAY = LAST_DAY + 1


@lru_cache(maxsize=1)
def world() -> tuple[MatchHistory, TrainingSet, Pipeline, MapModel, RatingSnapshot]:
    history = messy_league()
    data = build_training_set(history)
    pipeline = fit_logistic(data)
    return history, data, pipeline, MapModel.from_estimator(pipeline), compute_ratings(history)


def random_questions(seed: int, n: int = 300) -> MatchQuestions:
    """Return questions about random teams and players, some without a match, some lineups unknown."""
    history, *_ = world()
    rng = np.random.default_rng(seed)
    n_teams, n_players = int(history.team_ids.max()), int(history.player_ids.max())
    teams = np.array([rng.choice(n_teams + 5, 2, replace=False) + 1 for _ in range(n)])
    players = np.array([rng.choice(n_players + 20, (2, 5), replace=False) + 1 for _ in range(n)])
    players[rng.random((n, 2)) < 0.4] = UNKNOWN
    maps = rng.choice([UNKNOWN, *range(1, 12)], n)
    return MatchQuestions(
        map_id=maps, team_ids=teams, player_ids=players, day=np.full(n, TODAY) + rng.integers(0, 90, n)
    )


def regulars(n: int = 60) -> MatchQuestions:
    """Return the last pairings of the league, moved to the next day."""
    history, *_ = world()
    rows = np.flatnonzero(history.is_map & (history.player_ids[:, :, 0] != UNKNOWN).all(axis=1))[-n:]
    return replace(questions_about(history).take(rows), day=np.full(n, TODAY))


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_exchanged_sides_give_the_complement(seed: int) -> None:
    _, _, _, model, snapshot = world()
    questions = random_questions(seed)
    X, swapped = features(snapshot.state, questions), features(snapshot.state, questions.swapped())
    np.testing.assert_array_equal(swapped, -X)
    one, other = forecast(model, snapshot, questions), forecast(model, snapshot, questions.swapped())
    np.testing.assert_allclose(one.probability + other.probability, 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(one.low + other.high, 1.0, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(one.lineups, other.lineups[:, ::-1])


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_one_map_alone_is_forecast_like_one_of_many(seed: int) -> None:
    _, _, _, model, snapshot = world()
    questions = random_questions(seed, 25)
    together = forecast(model, snapshot, questions)
    for row in range(25):
        alone = forecast(model, snapshot, questions.take(np.array([row])))
        assert alone.probability[0] == together.probability[row]
        assert (alone.low[0], alone.high[0]) == (together.low[row], together.high[row])
        assert alone.warnings[0] == together.warnings[row]


def stronger(snapshot: RatingSnapshot, players: IntArray, by: float) -> RatingSnapshot:
    state = snapshot.state.copy()
    state.skill[players, 0] += by
    return replace(snapshot, state=state)


@settings(max_examples=100)
@given(row=st.integers(0, 59), side=st.integers(0, 1), place=st.integers(0, 4), by=st.floats(0.001, 5.0))
def test_a_stronger_player_never_lowers_the_forecast_of_his_side(row: int, side: int, place: int, by: float) -> None:
    _, _, _, model, snapshot = world()
    questions = regulars().take(np.array([row]))
    better = stronger(snapshot, questions.player_ids[0, side, [place]], by)
    before, after = (
        forecast(model, snapshot, questions).probability[0],
        forecast(model, better, questions).probability[0],
    )
    assert (after - before) * (1 - 2 * side) >= -1e-12


@settings(max_examples=100)
@given(row=st.integers(0, 59), side=st.integers(0, 1), by=st.floats(0.001, 5.0))
def test_a_stronger_five_raises_the_forecast_of_its_side(row: int, side: int, by: float) -> None:
    _, _, _, model, snapshot = world()
    questions = regulars().take(np.array([row]))
    better = stronger(snapshot, questions.player_ids[0, side], by)
    before, after = (
        forecast(model, snapshot, questions).probability[0],
        forecast(model, better, questions).probability[0],
    )
    assert (after - before) * (1 - 2 * side) > 0


@settings(max_examples=200)
@given(st.lists(st.floats(-0.3, 1.0), min_size=len(FEATURE_NAMES), max_size=len(FEATURE_NAMES)), st.data())
def test_a_model_with_no_negative_gain_never_harms_a_player(coefficients: list[float], data: st.DataObject) -> None:
    """If ``least_player_gain`` accepts a model, a stronger player never harms his side, in any lineup."""
    model = MapModel(np.array(coefficients))
    _, _, _, _, snapshot = world()
    row, side, place = data.draw(st.tuples(st.integers(0, 59), st.integers(0, 1), st.integers(0, 4)))
    questions = regulars().take(np.array([row]))
    better = stronger(snapshot, questions.player_ids[0, side, [place]], data.draw(st.floats(0.001, 5.0)))
    moved = (model.log_odds(features(better.state, questions)) - model.log_odds(features(snapshot.state, questions)))[0]
    if least_player_gain(model) >= 0:
        assert moved * (1 - 2 * side) >= -1e-12


def test_a_stored_model_answers_to_the_last_bit() -> None:
    _, data, pipeline, model, _ = world()
    loaded = MapModel.from_estimator(skops.io.loads(skops.io.dumps(pipeline), trusted=[]))
    np.testing.assert_array_equal(loaded.coefficients, model.coefficients)
    np.testing.assert_array_equal(loaded.probability(data.X), model.probability(data.X))


def test_the_served_dot_product_is_the_estimator() -> None:
    _, data, pipeline, model, _ = world()
    np.testing.assert_allclose(model.probability(data.X), pipeline.predict_proba(data.X)[:, 1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(model.contributions(data.X).sum(axis=1), model.log_odds(data.X), rtol=0, atol=1e-12)


def test_regression_cases_distinguish_two_models() -> None:
    _, data, _, model, _ = world()
    regression_cases = build_regression_cases(model, data.X)
    assert len(regression_cases["probability"]) == len(regression_cases["features"]) == N_CASES
    assert regression_error(model, regression_cases) == 0.0
    other = MapModel(model.coefficients + np.eye(len(FEATURE_NAMES))[0] * 0.01)
    largest = np.abs(other.probability(np.array(regression_cases["features"])) - regression_cases["probability"]).max()
    assert regression_error(other, regression_cases) == pytest.approx(largest)
    assert largest > 1e-4


def test_regression_cases_of_few_rows_are_few() -> None:
    _, data, _, model, _ = world()
    assert len(build_regression_cases(model, data.X[:3])["features"]) == 3
    assert regression_error(model, {"features": [], "probability": []}) == 0.0


def with_mean() -> Pipeline:
    _, data, _, _, _ = world()
    steps = [("scale", StandardScaler()), ("regression", LogisticRegression(fit_intercept=False))]
    return Pipeline(steps).fit(data.X, data.team1_won)


def with_intercept() -> Pipeline:
    _, data, _, _, _ = world()
    steps = [("scale", StandardScaler(with_mean=False)), ("regression", LogisticRegression())]
    return Pipeline(steps).fit(data.X, data.team1_won)


def of_other_features() -> Pipeline:
    _, data, _, _, _ = world()
    return fit_logistic(replace(data, X=data.X[:, :-1]))


def elo_alone() -> Pipeline:
    _, data, _, _, _ = world()
    return fit_elo(data)


@pytest.mark.parametrize("other", [with_mean, with_intercept, of_other_features, elo_alone, dict])
def test_an_estimator_of_another_kind_is_rejected(other: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"not an|not antisymmetric|coefficients for"):
        MapModel.from_estimator(other())


@given(st.lists(st.floats(-800, 800), min_size=1, max_size=20))
def test_sigmoid_is_complementary_and_needs_no_warning(x: list[float]) -> None:
    values = np.array(x)
    np.testing.assert_array_equal(sigmoid(values) + sigmoid(-values), 1.0)
    assert np.all(np.diff(sigmoid(np.sort(values))) >= 0)


def test_a_forecast_is_never_certain() -> None:
    _, _, _, model, _ = world()
    X = np.full((2, len(FEATURE_NAMES)), 1e6) * np.sign(model.coefficients) * [[1], [-1]]
    assert model.probability(X).tolist() == [1 - EDGE, EDGE]


def forecast_with(**changes: IntArray) -> Forecasts:
    _, _, _, model, snapshot = world()
    return forecast(model, snapshot, replace(regulars().take(np.array([0])), **changes))


def test_the_interval_is_wider_for_unknown_players() -> None:
    known = forecast_with()
    unknown = forecast_with(player_ids=np.full((1, 2, 5), 10**6) + np.arange(10).reshape(1, 2, 5))
    for result in (known, unknown):
        assert result.low[0] < result.probability[0] < result.high[0]
    assert unknown.high[0] - unknown.low[0] > known.high[0] - known.low[0]


def test_thin_evidence_gives_warnings() -> None:
    _, _, _, _, snapshot = world()
    one = regulars().take(np.array([0]))
    lineup = snapshot.latest_lineup(int(one.team_ids[0, 0]))
    assert lineup is not None
    five = np.array([[lineup, one.player_ids[0, 1].tolist()]])
    newcomer = five.copy()
    newcomer[0, 0, 0] = 10**6
    assert not any("team 1" in warning for warning in forecast_with(player_ids=five).warnings[0])
    assert any(
        "1 of five with fewer than 3 known maps" in warning
        for warning in forecast_with(player_ids=newcomer).warnings[0]
    )
    assert any(
        "1 of five did not play its latest map" in warning for warning in forecast_with(player_ids=newcomer).warnings[0]
    )
    stranger = forecast_with(team_ids=np.array([[10**6, 10**6 + 1]]), player_ids=np.full((1, 2, 5), UNKNOWN))
    assert [warning for warning in stranger.warnings[0] if "no lineup is known" in warning] != []
    assert stranger.probability[0] == 0.5
    assert any(
        "days older than the match" in warning for warning in forecast_with(day=np.array([TODAY + 60])).warnings[0]
    )
    assert any("outside the active pool" in warning for warning in forecast_with(map_id=np.array([99])).warnings[0])


def test_the_pool_has_the_recently_played_maps() -> None:
    history, _, _, _, snapshot = world()
    recent = history.map_id[history.is_map & history.is_rated & (history.day > LAST_DAY - 80)]
    active = np.flatnonzero(active_maps(snapshot.state, LAST_DAY))
    assert set(np.unique(recent)) <= set(active.tolist()) | set(
        np.flatnonzero(np.bincount(recent) < 0.02 * len(recent))
    )
    assert not active_maps(snapshot.state, LAST_DAY + 365).any()
