"""Statements time out when the connection to PostgreSQL is cut without a reset."""

import asyncio
import threading
from time import monotonic

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import OperationalError

from cs2.storage.engine import GRACE_SECONDS, make_engine
from tests.testkit.network import Line, end

pytestmark = pytest.mark.timeout(60)

STATEMENT_SECONDS = 1


async def test_a_cut_connection_is_replaced(postgres_url: str) -> None:
    address = make_url(postgres_url)
    assert address.port is not None
    line = Line(address.port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    url = address.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1]).render_as_string(hide_password=False)
    engine = make_engine(url, statement_seconds=STATEMENT_SECONDS)
    connected, cut = threading.Event(), threading.Event()
    queries = asyncio.create_task(asyncio.to_thread(_select_twice, engine, connected, cut))
    await asyncio.to_thread(connected.wait)
    line.is_whole.clear()
    begun = monotonic()
    cut.set()
    with pytest.raises(OperationalError):
        await queries
    assert monotonic() - begun >= STATEMENT_SECONDS + GRACE_SECONDS  # the database has the whole statement timeout
    line.is_whole.set()
    assert await asyncio.to_thread(_select_one, engine) == 1
    engine.dispose()
    server.close()
    await end(line.visits)


def _select_one(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT 1")) or 0)


def _select_twice(engine: Engine, connected: threading.Event, cut: threading.Event) -> None:
    with engine.connect() as connection:
        connection.scalar(text("SELECT 1"))
        connected.set()
        cut.wait()
        connection.scalar(text("SELECT 2"))
