"""Background tasks that are started again when they fail, and whose state can be seen."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0
STOP_AGAIN_SECONDS = 0.2

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class TaskState:
    """How a task is doing.

    Attributes:
        problem: Why its last run ended, None while all is well.
        restarts: How often it was started again.
    """

    problem: str | None = None
    restarts: int = 0

    def mark_healthy(self) -> None:
        """Forget the last problem: the task says that it does its work again."""
        self.problem = None


class Supervisor:
    """Runs tasks for as long as the service lives; a failure is reported and the task started again, with back-off."""

    def __init__(self, expected: tuple[type[Exception], ...]) -> None:
        """Supervise.

        Args:
            expected: Errors of servers that are away: one line in the log. Any other error is logged with its trace.
        """
        self._expected = expected
        self._stops = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.states: dict[str, TaskState] = {}

    def start(self, name: str, run: Callable[[TaskState], Awaitable[None]]) -> None:
        """Run ``run`` until :meth:`stop`; it calls ``is_well`` on its state once it does its work."""
        self.states[name] = TaskState()
        self._tasks[name] = asyncio.create_task(self._keep_running(name, run), name=name)

    def problems(self) -> dict[str, str]:
        """Name and problem of the tasks that are not well."""
        found = {name: state.problem for name, state in self.states.items() if state.problem is not None}
        dead = {name: "the task has ended" for name, task in self._tasks.items() if task.done()}
        return {**found, **dead}

    async def stop(self) -> None:
        """End all tasks. They are asked again until they end: a library may swallow one cancellation."""
        self._stops = True
        running = set(self._tasks.values())
        while running:
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=STOP_AGAIN_SECONDS)

    async def _keep_running(self, name: str, run: Callable[[TaskState], Awaitable[None]]) -> None:
        state, wait = self.states[name], FIRST_WAIT_SECONDS
        while not self._stops:
            try:
                await run(state)
                reason = "ended"
            except self._expected as error:
                reason = f"{type(error).__name__}: {error}"
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                log.error("task_failed", task=name, exc_info=error)
            if state.problem is None:
                wait = FIRST_WAIT_SECONDS  # it was well in between
                log.warning("task_restarts", task=name, reason=reason)
            state.problem, state.restarts = reason, state.restarts + 1
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
