"""Engines for PostgreSQL. Times are UTC; no statement waits for ever."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 5
ANSWER_SECONDS = STATEMENT_SECONDS + 2
"""Without an answer for so long the server hangs, or the way to it is cut."""


class _Connection(psycopg.AsyncConnection[Any]):
    """Gives up a server that hangs: ``statement_timeout`` is kept by the server itself."""

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = ANSWER_SECONDS) -> RV:
        try:
            return await super().wait(gen, interval, timeout)
        except psycopg.OperationalError:
            self.pgconn.finish()  # what it answers next may belong to what was asked before
            raise


def _arguments(statement_seconds: int, **connecting: Any) -> dict[str, Any]:
    options = f"-c timezone=UTC -c statement_timeout={statement_seconds * 1000}"
    return {
        "pool_pre_ping": True,  # a server that was restarted costs one ping, not one failed request
        "connect_args": {"connect_timeout": CONNECT_SECONDS, "options": options, **connecting},
    }


def make_engine(url: str) -> Engine:
    """Engine for the pipelines and the command; a statement may take five minutes."""
    return create_engine(url, **_arguments(statement_seconds=300))


def make_async_engine(url: str) -> AsyncEngine:
    """Engine for serving; a statement may take five seconds, and no error tells the values that were sent."""
    arguments = _arguments(STATEMENT_SECONDS, async_creator_fn=_Connection.connect)
    return create_async_engine(url, hide_parameters=True, **arguments)
