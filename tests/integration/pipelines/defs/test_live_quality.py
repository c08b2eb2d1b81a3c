"""The live forecasts of an inverted champion raise the alarm, and a training replaces it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import dagster as dg
import httpx
import numpy as np
import pytest
import skops.io
from sqlalchemy import text

from cs2.calendar import day_number
from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.stability import DRIFTED
from cs2.forecasting.matches import UNKNOWN, MatchQuestions
from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.forecast import forecast
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.messages import FORECASTS_COLLECTION
from cs2.settings import get_settings
from cs2.storage.model_registry import get_champion, get_latest_snapshot, promote, record_gate_result
from cs2.storage.tables import LiveQuality, ModelRow
from pipelines.defs.etl.jobs import range_tags
from pipelines.defs.training.sensors import retraining_sensor
from pipelines.mlflow_run import TrainedModel
from tests.testkit.asset_environment import AssetEnvironment, importing_mlflow
from tests.testkit.documents import forecast as document
from tests.testkit.job_chain import FIRST, Chain

pytestmark = [importing_mlflow, pytest.mark.filterwarnings("ignore:Parameter `backfill_policy`")]

TRAINED, SCORED = "2025-08-20", "2025-10-20"
"""Late enough that the gate has its 4,000 held-out maps: fewer do not show the small lead over Elo."""

CHECKS = ("live_quality_is_in_its_band", "questions_are_as_in_training")


@pytest.fixture
def chain(environment: AssetEnvironment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chain]:
    monkeypatch.setenv("CS2_SOURCES", "simulated")
    monkeypatch.setenv("CS2_RETRAIN_AFTER_MAPS", "100000")  # so that new rows alone start no training
    monkeypatch.setenv("CS2_RETRAIN_COOLDOWN_MINUTES", "0")
    for name in ("DATABASE", "REDIS", "MLFLOW", "MONGO"):  # read by the job, which the sensor does not run
        monkeypatch.setenv(f"CS2_{name}_URL", "unused")
    yield Chain(environment)
    get_settings.cache_clear()


def on(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    monkeypatch.setenv("CS2_CLOCK_DATE", day)
    get_settings.cache_clear()


def tick(chain: Chain) -> dg.RunRequest | dg.SkipReason:
    context = dg.build_sensor_context(instance=chain.environment.instance, definitions=chain.defs)
    answer = retraining_sensor(context, database=chain.environment.database)
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer


def promote_inverted(environment: AssetEnvironment) -> int:
    """Promote the champion with negated coefficients, as if its training results had been exchanged."""
    with environment.database.transaction() as session:
        good = get_champion(session)
        assert good is not None
        estimator = skops.io.loads(environment.mlflow.fetch(good.artifact_uri), trusted=[])
        estimator.steps[-1][1].coef_ *= -1
        evaluation = environment.mlflow.evaluation(good.mlflow_run_id)
        X = evaluation.X
        logged = environment.mlflow.log(
            TrainedModel(
                name="inverted",
                estimator=estimator,
                feature_names=FEATURE_NAMES,
                X=X[:5],
                parameters={},
                metrics={},
                tags={},
                evaluation=evaluation,
                is_registered=True,
            )
        )
        columns = {c.key: getattr(good, c.key) for c in ModelRow.__table__.columns}
        for name in ("version", "created_at", "judged_at", "promoted_at"):
            columns.pop(name)
        columns |= {
            "status": "candidate",
            "mlflow_run_id": logged.run_id,
            "artifact_uri": logged.artifact_uri,
            "sha256": logged.sha256,
            "regression_cases": build_regression_cases(MapModel.from_estimator(estimator), X),
        }
        row = ModelRow(**columns)
        session.add(row)
        session.flush()
        record_gate_result(session, row.version, passed=True, reasons=[], metrics={})
        return promote(session, row.version).version


def store_forecasts_after_training(environment: AssetEnvironment, version: int) -> dict[str, float]:
    """Store the served model's forecasts of all later maps, as the service would answer."""
    with environment.database.transaction() as session:
        best, snapshot = get_champion(session), get_latest_snapshot(session)
        assert best is not None
        assert snapshot is not None
        older = session.execute(text("SELECT id FROM rating_snapshots ORDER BY id LIMIT 1")).scalar_one()
        data = session.execute(text("SELECT data FROM rating_snapshots WHERE id = :id"), {"id": older}).scalar_one()
        rows = session.execute(
            text("SELECT * FROM map_results WHERE played_on > :day ORDER BY id"), {"day": date.fromisoformat(TRAINED)}
        ).all()
        lineups = {row.id: row.roster for row in session.execute(text("SELECT id, roster FROM lineups"))}
    ratings = RatingSnapshot.from_bytes(data)
    model = MapModel.from_estimator(skops.io.loads(environment.mlflow.fetch(best.artifact_uri), trusted=[]))
    fives = [
        [[int(p) for p in lineups[lineup].split(",")] for lineup in (row.lineup1_id, row.lineup2_id)] for row in rows
    ]
    questions = MatchQuestions(
        map_id=np.array([row.map_id for row in rows]),
        team_ids=np.array([(row.team1_id, row.team2_id) for row in rows]),
        player_ids=np.array(fives),
        day=np.array([day_number(row.played_on) for row in rows]),
    )
    of_maps = forecast(model, ratings, questions)
    contributions = model.contributions(of_maps.X)
    documents = [
        document(
            str(row.played_on),
            team1=row.team1_id,
            team2=row.team2_id,
            map_id=row.map_id,
            probability=float(of_maps.probability[n]),
            as_of=TRAINED,
            trained_through=TRAINED,
            model_version=version,
            contributions=dict(zip(STORED_FEATURE_NAMES, contributions[n].tolist(), strict=True)),
        )
        for n, row in enumerate(rows)
    ]
    matches = forecast(model, ratings, replace(questions, map_id=np.full(len(rows), UNKNOWN)))
    documents += [
        document(
            str(row.played_on),
            team1=row.team1_id,
            team2=row.team2_id,
            best_of=3,
            as_of=TRAINED,
            trained_through=TRAINED,
            model_version=version,
            contributions=dict(zip(STORED_FEATURE_NAMES, model.contributions(matches.X)[n].tolist(), strict=True)),
        )
        for n, row in enumerate(rows)
    ]
    documents += [
        extreme_forecast(version, day, named_maps=[1, 2, 3]) for day in range(300)
    ]  # named maps are not compared
    with environment.mongo.database() as history:
        history[FORECASTS_COLLECTION].insert_many(documents)
    won = np.array([row.winner == 1 for row in rows])
    return {"n": len(rows), "log_loss": metrics.log_loss(of_maps.probability, won)}


def extreme_forecast(version: int, day: int, **event: Any) -> dict[str, Any]:
    """Return a series forecast with large contributions of equal sign from all features."""
    played_on = str(date(2025, 1, 1) + timedelta(days=day))
    return document(
        played_on, best_of=3, as_of=TRAINED, trained_through=TRAINED, model_version=version,
        contributions=dict.fromkeys(STORED_FEATURE_NAMES, 2.0), **event,
    )  # fmt: skip


def checks(result: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, str | None]]:
    return {check.check_name: (check.passed, check.description) for check in result.get_asset_check_evaluations()}


def test_a_bad_champion_raises_the_alarm_and_is_replaced(
    chain: Chain, environment: AssetEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, TRAINED)
    assert chain.run("ingest_job", tags=range_tags(FIRST, "2025-08-01")).success
    assert chain.run("train_job").success
    bad = promote_inverted(environment)
    on(monkeypatch, SCORED)
    assert chain.run("ingest_job", tags=range_tags("2025-08-01", "2025-10-01")).success
    expected = store_forecasts_after_training(environment, bad)
    assert isinstance(tick(chain), dg.SkipReason), "nothing is scored yet"

    evaluation = chain.run("evaluation_job")
    assert evaluation.success, "a failed check does not fail the run"
    results = checks(evaluation)
    assert set(results) == set(CHECKS)
    passed, reason = results["live_quality_is_in_its_band"]
    assert not passed
    assert "worse than team Elo" in (reason or "")
    assert results["questions_are_as_in_training"] == (True, None), "the questions resemble those of the training"
    (drift,) = (
        one for one in evaluation.get_asset_check_evaluations() if one.check_name == "questions_are_as_in_training"
    )
    drift_metadata = {name: value.value for name, value in drift.metadata.items()}
    assert drift_metadata["map_questions"] > drift_metadata["series_questions"] >= 200
    assert 0 < drift_metadata["series_probability"] < DRIFTED
    with environment.database.transaction() as session:
        row = session.get_one(LiveQuality, ("map", "model", str(bad)))
    assert row.metrics["n"] >= 0.95 * expected["n"] > 200, "only the few maps played twice on a day are excluded"
    assert row.metrics["log_loss"] == pytest.approx(expected["log_loss"], rel=0.02)
    assert logged(environment, bad)["live_map_log_loss"] == pytest.approx(row.metrics["log_loss"])
    metadata = evaluation.asset_materializations_for_node("live_quality")[0].metadata
    assert str(metadata["map_plot"].value).startswith("![map](data:image/png;base64,")

    with environment.mongo.database() as history:
        history[FORECASTS_COLLECTION].insert_many([extreme_forecast(bad, day) for day in range(300)])
    passed, reason = checks(chain.run("evaluation_job"))["questions_are_as_in_training"]
    assert not passed
    assert (reason or "").startswith("series: "), "only the series questions drift"

    request = tick(chain)
    assert isinstance(request, dg.RunRequest)
    assert request.tags["cs2/why"].startswith("live quality is out of its band: map: log loss minus team Elo's +")
    assert chain.run("train_job").success
    with environment.database.transaction() as session:
        best = get_champion(session)
    assert best is not None
    assert best.version > bad, "the new model replaces the champion although their forecasts differ widely"
    waiting = tick(chain)
    assert isinstance(waiting, dg.SkipReason)
    assert "0 new rated rows" in (waiting.skip_message or ""), "the alarm starts only one training"


def logged(environment: AssetEnvironment, version: int) -> dict[str, float]:
    """Return the MLflow metrics of a version's run."""
    run_id = environment.run_ids()[version]
    answer = httpx.get(
        f"{environment.mlflow.url}/api/2.0/mlflow/runs/get", params={"run_id": run_id}
    ).raise_for_status()
    return {metric["key"]: metric["value"] for metric in answer.json()["run"]["data"]["metrics"]}
