"""Run background tasks, restart them after a failure, and report their state."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0
CANCEL_SECONDS = 0.2
"""Interval of repeated cancellation: a library may swallow one."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class TaskState:
    """State of a task.

    Attributes:
        problem: Why its last run ended; None while it is healthy.
        restarts: Number of restarts.
    """

    problem: str | None = None
    restarts: int = 0

    def mark_healthy(self) -> None:
        """Clear the problem. Tasks call this once they do their work."""
        self.problem = None


class Supervisor:
    """Runs tasks until the service stops. A failed task is reported and restarted with exponential back-off."""

    def __init__(self, expected: tuple[type[Exception], ...]) -> None:
        """Create a supervisor without tasks.

        Args:
            expected: Errors of servers that are down, logged in one line. Other errors are logged with their trace.
        """
        self._expected = expected
        self._is_stopping = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.states: dict[str, TaskState] = {}

    def start(self, name: str, run: Callable[[TaskState], Awaitable[None]]) -> None:
        """Run a task until :meth:`stop`. It calls ``mark_healthy`` on its state once it does its work."""
        self.states[name] = TaskState()
        self._tasks[name] = asyncio.create_task(self._keep_running(name, run), name=name)

    def problems(self) -> dict[str, str]:
        """Return the problems of the unhealthy tasks by name."""
        unhealthy = {name: state.problem for name, state in self.states.items() if state.problem is not None}
        ended = {name: "the task has ended" for name, task in self._tasks.items() if task.done()}
        return {**unhealthy, **ended}

    async def stop(self) -> None:
        """Cancel all tasks until they have ended."""
        self._is_stopping = True
        running = set(self._tasks.values())
        while running:
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=CANCEL_SECONDS)

    async def _keep_running(self, name: str, run: Callable[[TaskState], Awaitable[None]]) -> None:
        state, wait = self.states[name], FIRST_WAIT_SECONDS
        while not self._is_stopping:
            try:
                await run(state)
                reason = "ended"
            except self._expected as error:
                reason = f"{type(error).__name__}: {error}"
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                log.error("task_failed", task=name, exc_info=error)
            if state.problem is None:
                wait = FIRST_WAIT_SECONDS  # it was healthy since its last failure
                log.warning("task_restarted", task=name, reason=reason)
            state.problem, state.restarts = reason, state.restarts + 1
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
