"""Properties of the map model on real matches; the unit tests check them on the simulated league."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.gate import INTERCEPT_BAND, SLOPE_BAND
from cs2.forecasting.evaluation.walk_forward import build_training_set, questions_about
from cs2.forecasting.matches import UNKNOWN, MatchQuestions
from cs2.forecasting.model.estimators import fit_logistic
from cs2.forecasting.model.features import features
from cs2.forecasting.model.forecast import forecast
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.training_set import TrainingSet
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from pipelines.etl.id_register import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.sources.archive import ArchiveSource
from tests.testkit.archives import real_archive, write

pytestmark = pytest.mark.real_data

HELD_OUT_DAYS = 28


@dataclass(frozen=True)
class RealModel:
    """A model trained on real matches, and questions about the last of them."""

    data: TrainingSet
    model: MapModel
    snapshot: RatingSnapshot
    questions: MatchQuestions


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealModel:
    folder = write(tmp_path_factory.mktemp("archive"), real_archive(shared_data))
    tables = rebuild(ArchiveSource(folder).published(date(2025, 3, 8)).frames, Identities()).tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    data = build_training_set(history)
    has_lineups = (history.player_ids != UNKNOWN).all(axis=(1, 2)) & history.is_map
    return RealModel(
        data=data,
        model=MapModel.from_estimator(fit_logistic(data)),
        snapshot=compute_ratings(history),
        questions=questions_about(history).take(np.flatnonzero(has_lineups)[-60:]),
    )


def test_exchanged_sides_give_the_complement(real: RealModel) -> None:
    X = features(real.snapshot.state, real.questions)
    np.testing.assert_array_equal(features(real.snapshot.state, real.questions.swapped()), -X)
    one = forecast(real.model, real.snapshot, real.questions)
    other = forecast(real.model, real.snapshot, real.questions.swapped())
    np.testing.assert_allclose(one.probability + other.probability, 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(one.low + other.high, 1.0, rtol=0, atol=1e-12)


def test_the_interval_contains_the_forecast(real: RealModel) -> None:
    result = forecast(real.model, real.snapshot, real.questions)
    assert (result.low < result.probability).all()
    assert (result.probability < result.high).all()


def test_a_stronger_player_never_lowers_the_forecast_of_his_side(real: RealModel) -> None:
    state, model, questions = real.snapshot.state, real.model, real.questions
    before = model.log_odds(features(state, questions))
    for side, sign in ((0, 1), (1, -1)):
        for place in range(5):
            for row, player in enumerate(questions.player_ids[:, side, place].tolist()):
                skill = state.skill[player, 0]
                state.skill[player, 0] = skill + 0.5
                after = model.log_odds(features(state, questions.take(np.array([row]))))[0]
                state.skill[player, 0] = skill
                assert sign * (after - before[row]) >= -1e-12, f"row {row}, side {side + 1}, player {place + 1}"


def test_forecasts_of_later_maps_are_calibrated(real: RealModel) -> None:
    """Recalibration slope and intercept lie in the gate's bands, within two standard errors."""
    is_late = real.data.day > real.data.day.max() - HELD_OUT_DAYS
    late = real.data.take(is_late)
    model = MapModel.from_estimator(fit_logistic(real.data.take(~is_late)))
    assert len(late) > 500
    fit = metrics.recalibration(model.probability(late.X), late.team1_won)
    assert SLOPE_BAND[0] - 2 * fit.slope_error <= fit.slope <= SLOPE_BAND[1] + 2 * fit.slope_error
    assert abs(fit.intercept) <= INTERCEPT_BAND[1] + 2 * fit.intercept_error
    assert metrics.log_loss(model.probability(late.X), late.team1_won) < np.log(2)
