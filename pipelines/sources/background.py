"""Work on the sources that may outlast a tick of the sensor."""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Work that goes on in the background.

    Attributes:
        seconds: How long it has taken so far.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class _Task(Generic[Result]):
    began: float
    future: Future[Result]


class BackgroundTasks(Generic[Name, Result]):
    """Named tasks, each in a thread. A caller waits for a bounded time, and a later call collects what was unfinished.

    Dagster ends a tick after a minute; a first clone, a slow host or a big folder on a busy machine takes longer. The
    threads end with the process, and the next process starts the tasks again.
    """

    def __init__(self) -> None:
        self._tasks: dict[Name, _Task[Result]] = {}
        self._lock = threading.Lock()

    def collect(self, work: Mapping[Name, Callable[[], Result]], *, seconds: float) -> dict[Name, Result | Unfinished]:
        """Start the tasks that are not running, wait for all of them, and collect those that finished.

        Args:
            work: What to do, by the name of the task. A task never runs twice at a time.
            seconds: Longest time to wait.

        Returns:
            The result of each finished task (the next call starts it again), or how long the task has taken so far.

        Raises:
            Exception: What a task raised.
        """
        with self._lock:
            for name, function in work.items():
                if name not in self._tasks:
                    self._tasks[name] = _Task(time.monotonic(), _run_in_thread(str(name), function))
            wait([self._tasks[name].future for name in work], timeout=seconds)
            finished = {name: self._tasks.pop(name) for name in work if self._tasks[name].future.done()}
            now = time.monotonic()
            return {
                name: finished[name].future.result() if name in finished else Unfinished(now - self._tasks[name].began)
                for name in work
            }


def _run_in_thread(name: str, function: Callable[[], Result]) -> Future[Result]:
    """Run a function in a daemon thread: an executor would keep the process alive until the function returns."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001 - raised where the result is collected
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
