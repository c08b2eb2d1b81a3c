"""95% intervals contain the true probability of 95% of the maps in a league as unpredictable as real matches."""

import numpy as np
import pytest

from cs2.forecasting.evaluation.walk_forward import build_training_set, questions_about, walk_forward
from cs2.forecasting.matches import FloatArray, MatchQuestions
from cs2.forecasting.model.estimators import fit_logistic
from cs2.forecasting.model.features import design_matrix, read_matchup
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.uncertainty import SHARED_ERROR, Z_95, log_odds_error
from cs2.forecasting.probability import sigmoid
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.simulation.league import LeagueParameters, simulate_league

FIRST_DAY, DAYS, HELD_OUT_DAYS = 18_000, 900, 120
UNPREDICTABLE = LeagueParameters(form=0.42)
"""With this drift, forecasts miss the true log-odds by about ``SHARED_ERROR``, as on real maps."""


def missed(seed: int) -> tuple[FloatArray, FloatArray]:
    """Return the log-odds errors on the last days of a league, and the predicted standard errors."""
    league = simulate_league(seed, FIRST_DAY, FIRST_DAY + DAYS, UNPREDICTABLE)
    history = league.history
    first = int(history.day.max()) - HELD_OUT_DAYS
    model = MapModel.from_estimator(fit_logistic(build_training_set(history, through=first - 1)))

    def predict(state: RatingState, questions: MatchQuestions) -> FloatArray:
        sides = read_matchup(state, questions)
        return np.column_stack([model.log_odds(design_matrix(sides)), log_odds_error(model, sides)])

    rows = np.flatnonzero(history.day >= first)
    forecasts = walk_forward(history, questions_about(history).take(rows), predict, n_columns=2)
    truth = league.true_probability[rows]
    return np.log(truth / (1 - truth)) - forecasts[:, 0], forecasts[:, 1]


@pytest.fixture(scope="module")
def leagues() -> list[tuple[FloatArray, FloatArray]]:
    return [missed(seed) for seed in (1, 2, 3)]


def test_the_league_is_as_unpredictable_as_real_matches(leagues: list[tuple[FloatArray, FloatArray]]) -> None:
    errors = [float(np.sqrt((miss**2).mean())) for miss, _ in leagues]
    assert np.mean(errors) == pytest.approx(SHARED_ERROR, abs=0.07)


def test_intervals_cover_what_they_say(leagues: list[tuple[FloatArray, FloatArray]]) -> None:
    covered = [float((np.abs(miss) < Z_95 * error).mean()) for miss, error in leagues]
    assert 0.92 < np.mean(covered) < 0.98, covered
    half = [float((np.abs(miss) < 0.6745 * error).mean()) for miss, error in leagues]
    assert 0.44 < np.mean(half) < 0.60, half


def test_rating_uncertainty_alone_covers_too_little(
    leagues: list[tuple[FloatArray, FloatArray]],
) -> None:
    covered = [float((np.abs(miss) < Z_95 * np.sqrt(error**2 - SHARED_ERROR**2)).mean()) for miss, error in leagues]
    assert np.mean(covered) < 0.5
    assert float(sigmoid(np.array([Z_95 * SHARED_ERROR]))[0]) == pytest.approx(0.80, abs=0.01)
