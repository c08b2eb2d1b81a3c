"""Series without map results are stored, trained on, and forecast alike on every map."""

from datetime import date

import dagster as dg
import numpy as np
import pytest
from sqlalchemy import text

from cs2.forecasting.evaluation.walk_forward import build_training_set
from cs2.forecasting.matches import UNKNOWN, MatchHistory, MatchQuestions
from cs2.forecasting.model.estimators import fit_logistic
from cs2.forecasting.model.forecast import forecast
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.settings import SourceName, get_settings
from pipelines.defs.etl import checks
from pipelines.defs.etl.assets import match_tables
from pipelines.etl.id_register import Identities
from pipelines.etl.landing import land
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.resources import Database
from pipelines.sources.base import USUAL_MAPS, PublishedRows, RowKind
from pipelines.sources.simulated import SimulatedSource
from tests.testkit.rows import published, series_row


@pytest.fixture(scope="module")
def history() -> MatchHistory:
    frames = SimulatedSource().published(date(2023, 9, 30)).frames
    tables = rebuild({RowKind.SERIES: frames[RowKind.SERIES]}, Identities()).tables
    return history_from_tables(tables.map_results, tables.series, tables.lineups)


def on_map(history: MatchHistory, map_id: int) -> MatchQuestions:
    last = slice(-5, None)
    return MatchQuestions(
        map_id=np.full(5, map_id),
        team_ids=history.team_ids[last],
        player_ids=history.player_ids[last],
        day=history.day[last] + 1,
    )


def test_series_are_training_examples_without_maps(history: MatchHistory) -> None:
    assert not history.is_map.any()
    assert len(build_training_set(history)) == len(history) > 500


def test_forecasts_are_equal_on_every_map_and_warn(history: MatchHistory) -> None:
    data = build_training_set(history)
    model = MapModel.from_estimator(fit_logistic(data))
    snapshot = compute_ratings(history)
    forecasts_by_map = [forecast(model, snapshot, on_map(history, map_id)) for map_id in (1, 6, UNKNOWN)]
    assert np.ptp([forecasts.probability for forecasts in forecasts_by_map], axis=0).max() == 0.0
    assert np.ptp([forecasts.high for forecasts in forecasts_by_map], axis=0).max() == 0.0
    for forecasts in forecasts_by_map:
        for warnings in forecasts.warnings:
            assert "no map was ever rated: this is the chance to win the series, the same on every map" in warnings
            assert not any("pool" in warning for warning in warnings)


def test_the_usual_maps_are_known_without_map_results(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_SOURCES", "valve")
    get_settings.cache_clear()
    database = Database(url=postgres_url)
    rows: PublishedRows = published(series=[series_row("2025-08-01"), series_row("2025-08-03", winner=2)])
    try:
        with database.engine() as engine, engine.begin() as connection:
            land(connection, SourceName.VALVE, rows)
        checked = [checks.map_results_keep_their_contract, checks.series_keep_their_contract]
        checked += [checks.lineups_keep_their_contract]
        result = dg.materialize([match_tables, *checked], resources={"database": database})
    finally:
        get_settings.cache_clear()
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    with database.engine() as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM series")).scalar_one() == 2
        names = connection.execute(text("SELECT name FROM maps ORDER BY name")).scalars().all()
    assert tuple(names) == USUAL_MAPS
