"""How the long-running parts log: one line an event, without secrets; JSON, or plain text where a person reads it."""

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
"""Id of the request that is being served; every line that is logged meanwhile carries it."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PASSWORD_IN_URL = re.compile(r"""(://[^\s/:@"']*:)[^\s"']*@""")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=bearer )[\w.~+/=-]+", re.IGNORECASE)


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


class _Forwarded(logging.Handler):
    """What libraries log by the standard module, on the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record."""
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def is_request_id(text: str) -> bool:
    """Whether a text that a stranger sent can be the id of a request: short, and of plain characters."""
    return _REQUEST_ID.fullmatch(text) is not None


def configure_logs() -> None:
    """Log plain text to a terminal, else JSON, with plain traces: structlog's default prints local variables, too."""
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
    if not any(isinstance(handler, _Forwarded) for handler in root.handlers):
        root.addHandler(_Forwarded())
    server = logging.getLogger("uvicorn")  # it brings handlers of its own
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
    """Take passwords in URLs, and tokens, out of a line: an error of a library may quote them."""
    return _TOKEN.sub("***", _PASSWORD_IN_URL.sub(r"\1***@", line))
