"""When training starts by itself, and what the sensor says while it waits."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.settings import get_settings
from cs2.storage.live_quality import LiveQuality
from cs2.storage.model_registry import ModelRow, promote, store_snapshot
from pipelines.definitions import defs
from pipelines.defs.training.retraining import TrainingState, decide, training_state
from pipelines.defs.training.sensors import retraining_sensor
from pipelines.resources import Database

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
ENOUGH = TrainingState(snapshot_id=2, n_rated=1200, champion_version=1, champion_n_rated=1000)


def asked(state: TrainingState = ENOUGH, **changes: Any) -> tuple[bool, str]:
    arguments: dict[str, Any] = {
        "is_running": False,
        "last_attempt": None,
        "now": NOW,
        "after_maps": 150,
        "cooldown": timedelta(minutes=10),
    }
    decision = decide(state, **{**arguments, **changes})
    return decision.train, decision.why


def test_enough_new_rows_ask_for_a_model() -> None:
    assert asked() == (True, "200 new rated rows since version 1")


def test_too_few_new_rows_wait() -> None:
    train, why = asked(TrainingState(snapshot_id=2, n_rated=1149, champion_version=1, champion_n_rated=1000))
    assert not train
    assert why == "149 new rated rows since version 1, of 150 that ask for training"


def test_the_first_model_waits_for_ratings_only() -> None:
    assert asked(TrainingState()) == (False, "there is no champion yet, but there are no ratings yet")
    assert asked(TrainingState(snapshot_id=1, n_rated=3)) == (True, "there is no champion yet")


def test_two_trainings_do_not_run_at_once() -> None:
    train, why = asked(is_running=True)
    assert not train
    assert "under way" in why


def test_a_refusal_is_not_repeated_on_the_same_ratings() -> None:
    refused = TrainingState(snapshot_id=2, n_rated=1200, champion_version=1, champion_n_rated=1000, refused_version=2)
    train, why = asked(refused)
    assert not train
    assert "refused version 2" in why


def test_a_champion_of_other_features_is_replaced_once_the_ratings_fit() -> None:
    """After an upgrade that raises the features' version: the old model serves on in old APIs, new ones refuse it."""
    state = TrainingState(snapshot_id=2, n_rated=1000, champion_version=1, champion_n_rated=1000, champion_fits=False)
    assert asked(state) == (True, "version 1 is for other features than this code computes")
    train, why = asked(replace(state, ratings_fit=False))
    assert not train
    assert "materialize rating_snapshots" in why


@given(st.integers(min_value=0, max_value=3600))
def test_the_cool_down_ends_to_the_second(seconds: int) -> None:
    train, _ = asked(last_attempt=NOW - timedelta(seconds=seconds))
    assert train == (seconds >= 600)


@pytest.fixture
def evaluate(
    database: Database, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], dg.RunRequest | dg.SkipReason]]:
    """One tick of the sensor."""

    def tick() -> dg.RunRequest | dg.SkipReason:
        get_settings.cache_clear()
        context = dg.build_sensor_context(instance=instance, definitions=defs)
        answer = retraining_sensor(context, database=database)
        assert isinstance(answer, dg.RunRequest | dg.SkipReason)
        return answer

    monkeypatch.setenv("CS2_DATABASE_URL", database.url)
    for name in ("CS2_REDIS_URL", "CS2_MLFLOW_URL"):  # of the job, which is not run
        monkeypatch.setenv(name, "unused")
    monkeypatch.setenv("CS2_RETRAIN_AFTER_MAPS", "150")
    yield tick
    get_settings.cache_clear()


def more_ratings(database: Database, n_rated: int) -> None:
    with database.transaction() as session:
        store_snapshot(
            session, as_of=date(2026, 1, 31), features_version=FEATURES_VERSION, data=b"%d" % n_rated, n_rated=n_rated
        )


def test_the_sensor_waits_asks_once_and_waits_again(
    add_candidate: Callable[..., int],
    database: Database,
    evaluate: Callable[[], dg.RunRequest | dg.SkipReason],
) -> None:
    assert isinstance(evaluate(), dg.SkipReason), "no ratings"
    version = add_candidate(verdict=[], in_mlflow=False)
    assert isinstance(evaluate(), dg.RunRequest), "no champion"
    with database.transaction() as session:
        promote(session, version)
    assert isinstance(evaluate(), dg.SkipReason), "nothing new"
    more_ratings(database, 1150)
    request = evaluate()
    assert isinstance(request, dg.RunRequest)
    assert request.tags["cs2/why"] == "150 new rated rows since version 1"
    again = evaluate()
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == request.run_key, "so that Dagster starts one run"


def test_the_sensor_rests_after_a_run_and_may_ask_again(
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
    assert second.run_key != first.run_key, "a crash is not the end"
    instance.create_run_for_job(defs.resolve_job_def("train_job"), status=dg.DagsterRunStatus.STARTED)
    assert isinstance(evaluate(), dg.SkipReason), "under way"


def test_a_refused_version_on_older_ratings_is_history(add_candidate: Callable[..., int], database: Database) -> None:
    add_candidate(verdict=["worse"], in_mlflow=False)
    with database.transaction() as session:
        assert training_state(session).refused_version == 1
    more_ratings(database, 1100)
    with database.transaction() as session:
        assert training_state(session).refused_version is None


def test_the_sensor_runs_by_default() -> None:
    assert retraining_sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_the_state_tells_whether_ratings_and_champion_fit_this_code(
    add_candidate: Callable[..., int], database: Database
) -> None:
    version = add_candidate(verdict=[], in_mlflow=False)
    with database.transaction() as session:
        promote(session, version)
        state = training_state(session)
        assert (state.ratings_fit, state.champion_fits) == (True, True)
        session.get_one(ModelRow, version).features_version = FEATURES_VERSION - 1
        store_snapshot(session, as_of=date(2026, 1, 31), features_version=FEATURES_VERSION - 1, data=b"1", n_rated=1)
        state = training_state(session)
        assert (state.ratings_fit, state.champion_fits) == (False, False)
        more_of_now = store_snapshot(
            session, as_of=date(2026, 1, 31), features_version=FEATURES_VERSION, data=b"2", n_rated=1
        )
        state = training_state(session)
        assert (state.snapshot_id, state.ratings_fit, state.champion_fits) == (more_of_now.id, True, False)


FELL = TrainingState(snapshot_id=2, n_rated=1001, champion_version=1, champion_n_rated=1000, alarm_reason="map: worse")


def test_fallen_quality_asks_for_a_model_though_few_rows_are_new() -> None:
    assert asked(FELL) == (True, "live quality fell: map: worse")
    assert not asked(FELL, is_running=True)[0]
    assert not asked(FELL, last_attempt=NOW - timedelta(minutes=9))[0]


def test_fallen_quality_asks_once_with_the_same_ratings() -> None:
    train, why = asked(replace(FELL, is_trained_on=True))
    assert not train
    assert "waiting for newer ones" in why
    assert asked(replace(ENOUGH, alarm_reason="map: worse", is_trained_on=True))[0], "enough new rows ask by themselves"


def test_the_tables_tell_what_fell_and_whether_it_was_tried(
    add_candidate: Callable[..., int], database: Database
) -> None:
    def state() -> TrainingState:
        with database.transaction() as session:
            return training_state(session)

    version = add_candidate(verdict=[], in_mlflow=False)
    with database.transaction() as session:
        promote(session, version)
        session.add(LiveQuality(kind="map", grouping="model", value=str(version), metrics={}, alarm_reason="worse"))
        session.add(LiveQuality(kind="map", grouping="model", value="99", metrics={}, alarm_reason="another"))
    assert (state().alarm_reason, state().is_trained_on) == ("worse", True), "the champion knows these ratings"
    more_ratings(database, 1001)
    assert (state().alarm_reason, state().is_trained_on) == ("worse", False)
    add_candidate(in_mlflow=False)  # stores ratings of its own, and is trained on them
    assert state().is_trained_on
