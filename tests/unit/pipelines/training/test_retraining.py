"""The decision to train, on every kind of state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipelines.training.retraining import TrainingState, decide

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
ENOUGH = TrainingState(snapshot_id=2, n_rated=1200, champion_version=1, champion_n_rated=1000)


def decision(state: TrainingState = ENOUGH, **changes: Any) -> tuple[bool, str]:
    arguments: dict[str, Any] = {
        "is_running": False,
        "last_attempt": None,
        "now": NOW,
        "after_maps": 150,
        "cooldown": timedelta(minutes=10),
    }
    result = decide(state, **{**arguments, **changes})
    return result.train, result.reason


def test_enough_new_rows_start_a_training() -> None:
    assert decision() == (True, "200 new rated rows since version 1")


def test_too_few_new_rows_wait() -> None:
    train, reason = decision(TrainingState(snapshot_id=2, n_rated=1149, champion_version=1, champion_n_rated=1000))
    assert not train
    assert reason == "149 new rated rows since version 1; training starts after 150"


def test_the_first_model_waits_for_ratings_only() -> None:
    assert decision(TrainingState()) == (False, "there is no champion yet, but there are no ratings yet")
    assert decision(TrainingState(snapshot_id=1, n_rated=3)) == (True, "there is no champion yet")


def test_two_trainings_do_not_run_at_once() -> None:
    train, reason = decision(is_running=True)
    assert not train
    assert "under way" in reason


def test_a_refusal_is_not_repeated_on_the_same_ratings() -> None:
    refused = TrainingState(snapshot_id=2, n_rated=1200, champion_version=1, champion_n_rated=1000, refused_version=2)
    train, reason = decision(refused)
    assert not train
    assert "refused version 2" in reason


def test_a_champion_of_other_features_is_replaced() -> None:
    """After an upgrade that raises the features' version, old APIs keep serving the old model, new ones reject it."""
    state = TrainingState(snapshot_id=2, n_rated=1000, champion_version=1, champion_n_rated=1000, champion_fits=False)
    assert decision(state) == (True, "version 1 is for other features than this code computes")
    train, reason = decision(replace(state, ratings_fit=False))
    assert not train
    assert "materialize rating_snapshots" in reason


@given(st.integers(min_value=0, max_value=3600))
def test_the_cool_down_ends_to_the_second(seconds: int) -> None:
    train, _ = decision(last_attempt=NOW - timedelta(seconds=seconds))
    assert train == (seconds >= 600)


ALARM = TrainingState(snapshot_id=2, n_rated=1001, champion_version=1, champion_n_rated=1000, alarm_reason="map: worse")


def test_an_alarm_starts_a_training_with_few_new_rows() -> None:
    assert decision(ALARM) == (True, "live quality is out of its band: map: worse")
    assert not decision(ALARM, is_running=True)[0]
    assert not decision(ALARM, last_attempt=NOW - timedelta(minutes=9))[0]


def test_an_alarm_starts_one_training_per_ratings() -> None:
    train, reason = decision(replace(ALARM, is_trained_on=True))
    assert not train
    assert "waiting for newer ones" in reason
    assert decision(replace(ENOUGH, alarm_reason="map: worse", is_trained_on=True))[0], (
        "enough new rows start one anyway"
    )


def test_a_clock_that_jumped_forward_and_back_delays_no_training() -> None:
    assert decision(last_attempt=NOW + timedelta(days=365))[0]
    assert not decision(last_attempt=NOW + timedelta(seconds=1))[0], "a small correction of the clock ends no pause"
