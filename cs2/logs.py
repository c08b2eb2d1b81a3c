"""How the long-running parts log: one line an event, readable, without secrets."""

import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class _Output:
    """Standard output, whose failures stop nobody: a disk that is full of logs must not end a task that logs."""

    def write(self, text: str) -> int:
        """Write as far as it can be."""
        with suppress(OSError):
            sys.stdout.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, as far as it can be."""
        with suppress(OSError):
            sys.stdout.flush()


def configure_logs() -> None:
    """Log with plain traces: structlog's default also prints local variables, passwords and keys among them."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Output())),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
    )
