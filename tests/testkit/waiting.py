"""Wait for a condition, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 1.0

HANG_SECONDS = 1_200.0
"""A wait this long is a hang. Far above any real wait, so that no test depends on the speed of the machine."""


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = HANG_SECONDS) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(PAUSE_SECONDS)


def wait_until(
    condition: Callable[[], Any],
    expected: str,
    seconds: float = HANG_SECONDS,
    *,
    ignored: tuple[type[Exception], ...] = (),
) -> Any:
    """Wait until a condition holds, and return its value.

    Args:
        condition: Returns a true value when it holds.
        expected: The condition in words, for the error.
        seconds: Time limit; the default only ends a hang.
        ignored: Errors of the condition that mean "not yet".
    """
    deadline, pause = time.monotonic() + seconds, PAUSE_SECONDS
    while True:
        with suppress(*ignored):
            if value := condition():
                return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{expected}: not within {seconds:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)  # many conditions take a process or a request
