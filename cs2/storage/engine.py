"""SQLAlchemy engines for PostgreSQL. Times are UTC, and every statement has a time limit."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 5
LONG_STATEMENT_SECONDS = 300
GRACE_SECONDS = 2
"""Seconds after the time limit of a statement when the client gives up: the server hangs or the network is cut."""


class _Connection(psycopg.Connection[Any]):
    """Connection with a time limit on the client's side.

    The server enforces ``statement_timeout``, so it does not help if the server hangs or the network is cut.
    """

    answer_seconds: float = LONG_STATEMENT_SECONDS + GRACE_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            self.pgconn.finish()  # a late answer would be read as the answer to the next statement
            raise


class _AsyncConnection(psycopg.AsyncConnection[Any]):
    """Asynchronous connection with the same time limit, for serving."""

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            longest = STATEMENT_SECONDS + GRACE_SECONDS
            return await super().wait(gen, interval, longest if timeout is None else timeout)
        except psycopg.OperationalError:
            self.pgconn.finish()
            raise


def _arguments(statement_seconds: int, **connecting: Any) -> dict[str, Any]:
    options = f"-c timezone=UTC -c statement_timeout={statement_seconds * 1000}"
    return {
        "pool_pre_ping": True,  # after a restart of the server, requests reconnect instead of failing
        "connect_args": {"connect_timeout": CONNECT_SECONDS, "options": options, **connecting},
    }


def make_engine(url: str, *, statement_seconds: int = LONG_STATEMENT_SECONDS) -> Engine:
    """Create an engine for the pipelines and the command line, whose statements may take minutes."""
    engine = create_engine(url, **_arguments(statement_seconds))

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> _Connection:
        connection = _Connection.connect(*arguments, **named)
        connection.answer_seconds = statement_seconds + GRACE_SECONDS
        return connection

    return engine


def make_async_engine(url: str) -> AsyncEngine:
    """Create an engine for serving: statements may take five seconds, and errors do not contain their parameters."""
    arguments = _arguments(STATEMENT_SECONDS, async_creator_fn=_AsyncConnection.connect)
    return create_async_engine(url, hide_parameters=True, **arguments)
