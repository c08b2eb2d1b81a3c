"""Logs of the long-running programs: one line an event, without secrets; JSON, or plain text on a terminal."""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TextIO, cast

import structlog
from structlog.typing import Processor

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the current request; every line logged while serving it has this id."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PASSWORD_IN_URL = re.compile(r"""(://[^\s/:@"']*:)[^\s"']*@""")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=bearer )[\w.~+/=-]+", re.IGNORECASE)


class _Output:
    """Standard output without errors: a full disk must not end a task that logs."""

    def write(self, text: str) -> int:
        """Write the text, or drop it on an error."""
        with suppress(OSError):
            sys.stdout.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or ignore the error."""
        with suppress(OSError):
            sys.stdout.flush()


class _StructlogHandler(logging.Handler):
    """Forward records of the standard ``logging`` module, which libraries use, to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record with structlog."""
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def is_request_id(text: str) -> bool:
    """Return whether a text from a client can be the id of a request: short, with plain characters only."""
    return _REQUEST_ID.fullmatch(text) is not None


def configure_logs() -> None:
    """Log plain text to a terminal, else JSON.

    Tracebacks are plain, because structlog's default also prints local variables, which may hold secrets.
    """
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Output())),
        processors=[
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(),
            _without_secrets,
        ],
    )
    root = logging.getLogger()
    if not any(isinstance(handler, _StructlogHandler) for handler in root.handlers):
        root.addHandler(_StructlogHandler())
    server = logging.getLogger("uvicorn")  # installs handlers of its own
    server.handlers.clear()
    server.propagate = True


def _renderer() -> Processor:
    if sys.stdout.isatty():
        return structlog.dev.ConsoleRenderer(colors=False)
    return structlog.processors.JSONRenderer()


def _with_request_id(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def _without_secrets(_: Any, __: str, line: Any) -> str:
    """Mask tokens and the passwords of URLs, because errors of libraries may quote them."""
    return _TOKEN.sub("***", _PASSWORD_IN_URL.sub(r"\1***@", line))
