"""Engines for PostgreSQL. Times are UTC; no statement waits for ever."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 5
LONG_STATEMENT_SECONDS = 300
GRACE_SECONDS = 2
"""A server that is so late with an answer, after the longest statement, hangs, or the way to it is cut."""


class _Connection(psycopg.Connection[Any]):
    """Gives up a server that hangs: ``statement_timeout`` is kept by the server itself."""

    answer_seconds: float = LONG_STATEMENT_SECONDS + GRACE_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            self.pgconn.finish()  # what it answers next may belong to what was asked before
            raise


class _AsyncConnection(psycopg.AsyncConnection[Any]):
    """The same for serving."""

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
        "pool_pre_ping": True,  # a server that was restarted costs one ping, not one failed request
        "connect_args": {"connect_timeout": CONNECT_SECONDS, "options": options, **connecting},
    }


def make_engine(url: str, *, statement_seconds: int = LONG_STATEMENT_SECONDS) -> Engine:
    """Engine for the pipelines and the command, whose statements may take long."""
    engine = create_engine(url, **_arguments(statement_seconds))

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> _Connection:
        connection = _Connection.connect(*arguments, **named)
        connection.answer_seconds = statement_seconds + GRACE_SECONDS
        return connection

    return engine


def make_async_engine(url: str) -> AsyncEngine:
    """Engine for serving; a statement may take five seconds, and no error tells the values that were sent."""
    arguments = _arguments(STATEMENT_SECONDS, async_creator_fn=_AsyncConnection.connect)
    return create_async_engine(url, hide_parameters=True, **arguments)
