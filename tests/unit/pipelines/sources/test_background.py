"""Tasks that outlast their caller. No test waits for a time: the tasks wait for events."""

import threading
from collections.abc import Iterator

import pytest

from pipelines.sources.background import BackgroundTasks, Unfinished

LONG = 60.0
"""Seconds, which no test takes unless it fails."""


class SlowTask:
    """A task that returns its number of calls once it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.n_calls = 0

    def __call__(self) -> int:
        self.n_calls += 1
        assert self.released.wait(LONG)
        return self.n_calls


@pytest.fixture
def slow() -> Iterator[SlowTask]:
    task = SlowTask()
    yield task
    task.released.set()


def test_finished_tasks_are_collected_and_started_again() -> None:
    tasks, numbers = BackgroundTasks[str, int](), iter(range(10))
    assert tasks.collect({"a": lambda: next(numbers)}, seconds=LONG) == {"a": 0}
    assert tasks.collect({"a": lambda: next(numbers)}, seconds=LONG) == {"a": 1}


def test_a_slow_task_is_collected_later_and_runs_once(slow: SlowTask) -> None:
    tasks = BackgroundTasks[str, int]()
    for _ in range(3):
        results = tasks.collect({"slow": slow, "fast": lambda: 7}, seconds=0.05)
        assert isinstance(results["slow"], Unfinished)
    slow.released.set()
    assert tasks.collect({"slow": slow}, seconds=LONG) == {"slow": 1}


def test_a_slow_task_reports_how_long_it_has_taken(slow: SlowTask) -> None:
    tasks = BackgroundTasks[str, int]()
    first, second = (tasks.collect({"slow": slow}, seconds=0.01)["slow"] for _ in range(2))
    assert isinstance(first, Unfinished)
    assert isinstance(second, Unfinished)
    assert 0 < first.seconds < second.seconds


def test_the_error_of_a_task_is_raised_once_where_it_is_collected() -> None:
    tasks = BackgroundTasks[str, float]()
    with pytest.raises(ZeroDivisionError):
        tasks.collect({"bad": lambda: 1 / 0}, seconds=LONG)
    assert tasks.collect({"bad": lambda: 1.0}, seconds=LONG) == {"bad": 1.0}


def test_the_threads_end_with_the_process(slow: SlowTask) -> None:
    before = set(threading.enumerate())
    BackgroundTasks[str, int]().collect({"slow": slow}, seconds=0.01)
    [thread] = set(threading.enumerate()) - before
    assert thread.daemon
