"""The sensor that starts trainings, and the state that it reads from the tables."""

from collections.abc import Callable, Iterator
from datetime import date

import dagster as dg
import pytest

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.settings import get_settings
from cs2.storage.live_quality import LiveQuality
from cs2.storage.model_registry import ModelRow, promote, store_snapshot
from pipelines.definitions import defs
from pipelines.defs.training.sensors import retraining_sensor
from pipelines.resources import Database
from pipelines.training.repository import read_training_state
from pipelines.training.retraining import TrainingState


@pytest.fixture
def evaluate(
    database: Database, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], dg.RunRequest | dg.SkipReason]]:
    """Run one tick of the sensor."""

    def tick() -> dg.RunRequest | dg.SkipReason:
        get_settings.cache_clear()
        context = dg.build_sensor_context(instance=instance, definitions=defs)
        result = retraining_sensor(context, database=database)
        assert isinstance(result, dg.RunRequest | dg.SkipReason)
        return result

    monkeypatch.setenv("CS2_DATABASE_URL", database.url)
    for name in ("CS2_REDIS_URL", "CS2_MLFLOW_URL"):  # read by the job, which does not run here
        monkeypatch.setenv(name, "unused")
    monkeypatch.setenv("CS2_RETRAIN_AFTER_MAPS", "150")
    yield tick
    get_settings.cache_clear()


def more_ratings(database: Database, n_rated: int) -> None:
    with database.transaction() as session:
        store_snapshot(
            session, as_of=date(2026, 1, 31), features_version=FEATURES_VERSION, data=b"%d" % n_rated, n_rated=n_rated
        )


def test_the_sensor_waits_requests_one_run_and_waits(
    add_candidate: Callable[..., int],
    database: Database,
    evaluate: Callable[[], dg.RunRequest | dg.SkipReason],
) -> None:
    assert isinstance(evaluate(), dg.SkipReason), "no ratings"
    version = add_candidate(refusals=[], in_mlflow=False)
    assert isinstance(evaluate(), dg.RunRequest), "no champion"
    with database.transaction() as session:
        promote(session, version)
    assert isinstance(evaluate(), dg.SkipReason), "there are no new rows"
    more_ratings(database, 1150)
    request = evaluate()
    assert isinstance(request, dg.RunRequest)
    assert request.tags["cs2/why"] == "150 new rated rows since version 1"
    second = evaluate()
    assert isinstance(second, dg.RunRequest)
    assert second.run_key == request.run_key, "the equal run key makes Dagster start one run"


def test_the_sensor_requests_another_run_after_the_cool_down(
    database: Database,
    evaluate: Callable[[], dg.RunRequest | dg.SkipReason],
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more_ratings(database, 1000)
    first = evaluate()
    assert isinstance(first, dg.RunRequest)
    instance.create_run_for_job(defs.resolve_job_def("train_job"), status=dg.DagsterRunStatus.FAILURE)
    resting = evaluate()
    assert isinstance(resting, dg.SkipReason)
    assert "cooling down" in (resting.skip_message or "")
    monkeypatch.setenv("CS2_RETRAIN_COOLDOWN_MINUTES", "0")
    second = evaluate()
    assert isinstance(second, dg.RunRequest)
    assert second.run_key != first.run_key, "a crash does not stop retraining"
    instance.create_run_for_job(defs.resolve_job_def("train_job"), status=dg.DagsterRunStatus.STARTED)
    assert isinstance(evaluate(), dg.SkipReason), "a training is in progress"


def test_newer_ratings_end_the_wait_after_a_refusal(add_candidate: Callable[..., int], database: Database) -> None:
    add_candidate(refusals=["worse"], in_mlflow=False)
    with database.transaction() as session:
        assert read_training_state(session).refused_version == 1
    more_ratings(database, 1100)
    with database.transaction() as session:
        assert read_training_state(session).refused_version is None


def test_the_sensor_runs_by_default() -> None:
    assert retraining_sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_the_state_says_whether_ratings_and_champion_fit(add_candidate: Callable[..., int], database: Database) -> None:
    version = add_candidate(refusals=[], in_mlflow=False)
    with database.transaction() as session:
        promote(session, version)
        state = read_training_state(session)
        assert (state.ratings_fit, state.champion_fits) == (True, True)
        session.get_one(ModelRow, version).features_version = FEATURES_VERSION - 1
        store_snapshot(session, as_of=date(2026, 1, 31), features_version=FEATURES_VERSION - 1, data=b"1", n_rated=1)
        state = read_training_state(session)
        assert (state.ratings_fit, state.champion_fits) == (False, False)
        more_of_now = store_snapshot(
            session, as_of=date(2026, 1, 31), features_version=FEATURES_VERSION, data=b"2", n_rated=1
        )
        state = read_training_state(session)
        assert (state.snapshot_id, state.ratings_fit, state.champion_fits) == (more_of_now.id, True, False)


def test_the_state_has_the_alarm_and_whether_a_model_was_trained(
    add_candidate: Callable[..., int], database: Database
) -> None:
    def state() -> TrainingState:
        with database.transaction() as session:
            return read_training_state(session)

    version = add_candidate(refusals=[], in_mlflow=False)
    with database.transaction() as session:
        promote(session, version)
        session.add(LiveQuality(kind="map", grouping="model", value=str(version), metrics={}, alarm_reason="worse"))
        session.add(LiveQuality(kind="map", grouping="model", value="99", metrics={}, alarm_reason="another"))
    assert (state().alarm_reason, state().is_trained_on) == ("worse", True), (
        "the champion was trained with these ratings"
    )
    more_ratings(database, 1001)
    assert (state().alarm_reason, state().is_trained_on) == ("worse", False)
    add_candidate(in_mlflow=False)  # add_candidate stores its own ratings
    assert state().is_trained_on
