"""Transitions of the state of polling."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.sources.poll_state import PollState

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
PAUSE = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


def test_a_new_source_is_polled_at_once_and_has_nothing_to_read() -> None:
    assert PollState().is_due(NOW)
    assert not PollState().is_readable


def test_a_complete_fetch_is_readable_and_pauses() -> None:
    state = PollState(problem="status 500").after_complete_fetch(NOW, PAUSE)
    assert state == PollState(polled_at=NOW, next_poll_at=NOW + PAUSE, is_readable=True)
    assert not state.is_due(NOW + PAUSE - SECOND)
    assert state.is_due(NOW + PAUSE)


def test_a_failure_is_reported_until_the_next_poll() -> None:
    state = PollState(is_readable=True).after_failure("status 500", NOW, PAUSE)
    assert state.problem == "status 500"
    assert not state.is_due(NOW + SECOND)
    assert state.after_partial_fetch(NOW + PAUSE, PAUSE).problem is None


def test_a_partial_fetch_continues_at_once() -> None:
    state = PollState(next_poll_at=NOW, is_readable=True).after_partial_fetch(NOW, PAUSE)
    assert state.is_due(NOW)
    assert not state.is_readable


def test_a_partial_fetch_is_released_once_per_pause() -> None:
    state, readable_after = PollState(), []
    for minutes in range(0, 35, 5):
        state = state.after_partial_fetch(NOW + timedelta(minutes=minutes), PAUSE)
        if state.is_readable:
            readable_after.append(minutes)
    assert readable_after == [15, 30]


@pytest.mark.parametrize("jump", [timedelta(days=365), timedelta(days=-365), PAUSE])
def test_a_clock_that_jumps_ends_the_pause(jump: timedelta) -> None:
    for state in (PollState().after_complete_fetch(NOW, PAUSE), PollState().after_failure("status 500", NOW, PAUSE)):
        assert state.is_due(NOW + jump)
        assert not state.is_due(NOW + SECOND)
        assert not state.is_due(NOW - SECOND), "a small correction of the clock does not"


def test_rows_are_released_after_a_clock_that_jumped() -> None:
    state = PollState().after_partial_fetch(NOW + timedelta(days=365), PAUSE)
    assert state.after_partial_fetch(NOW, PAUSE).is_readable


def test_a_state_of_an_older_release_is_polled_at_once() -> None:
    assert PollState(next_poll_at=NOW + PAUSE).is_due(NOW)
