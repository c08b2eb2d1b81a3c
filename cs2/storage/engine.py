"""Engines for PostgreSQL. Times are UTC; no statement waits for ever."""

from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_SECONDS = 5


def _arguments(statement_seconds: int) -> dict[str, Any]:
    options = f"-c timezone=UTC -c statement_timeout={statement_seconds * 1000}"
    return {
        "pool_pre_ping": True,  # a server that was restarted costs one ping, not one failed request
        "connect_args": {"connect_timeout": CONNECT_SECONDS, "options": options},
    }


def make_engine(url: str) -> Engine:
    """Engine for the pipelines and the command; a statement may take five minutes."""
    return create_engine(url, **_arguments(statement_seconds=300))


def make_async_engine(url: str) -> AsyncEngine:
    """Engine for serving; a statement may take five seconds, and no error tells the values that were sent."""
    return create_async_engine(url, hide_parameters=True, **_arguments(statement_seconds=5))
