"""The model of real matches: what hypothesis asks of the league's model, for every player of the last days."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from cs2.forecasting.evaluation.walk_forward import build_training_set, questions_about
from cs2.forecasting.matches import UNKNOWN
from cs2.forecasting.model.estimators import fit_logistic
from cs2.forecasting.model.features import features
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.ratings.engine import compute_ratings
from pipelines.etl.ids import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.sources.archive import ArchiveSource
from tests.testkit.archives import real_archive, write

pytestmark = pytest.mark.real_data


def test_a_stronger_player_never_lowers_the_forecast_of_his_side(shared_data: Path, tmp_path: Path) -> None:
    published = ArchiveSource(write(tmp_path, real_archive(shared_data))).published(date(2025, 3, 8)).frames
    tables = rebuild(published, Identities()).tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    model = MapModel.from_estimator(fit_logistic(build_training_set(history)))
    state = compute_ratings(history).state
    known = (history.player_ids != UNKNOWN).all(axis=(1, 2)) & history.is_map
    asked = questions_about(history).take(np.flatnonzero(known)[-60:])
    before = model.log_odds(features(state, asked))
    for side, sign in ((0, 1), (1, -1)):
        for place in range(5):
            for row, player in enumerate(asked.player_ids[:, side, place].tolist()):
                skill = state.skill[player, 0]
                state.skill[player, 0] = skill + 0.5
                after = model.log_odds(features(state, asked.take(np.array([row]))))[0]
                state.skill[player, 0] = skill
                assert sign * (after - before[row]) >= -1e-12, f"row {row}, side {side + 1}, player {place + 1}"
