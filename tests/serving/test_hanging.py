"""Servers that take connections and never answer: each is away after a few seconds, and holds nothing up for ever."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from tests.serving.conftest import PASSWORD, Models, Running
from tests.serving.test_faults import Valkey, until, valkey

__all__ = ["valkey"]

pytestmark = pytest.mark.timeout(120)

LONGEST_SECONDS = 20


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """Address of a server that reads what it is told, and says nothing."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"{host}:{port}"
    server.close()


async def test_while_redis_hangs_forecasts_are_answered_and_none_is_lost(
    running: Running, models: Models, valkey: Valkey
) -> None:
    models.publish()
    async with running(redis_url=valkey.url) as service:
        answers = [await service.forecast()]
        assert valkey._child is not None
        valkey._child.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                answers += [await service.forecast() for _ in range(3)]
        finally:
            valkey._child.send_signal(signal.SIGCONT)
        assert {answer.status_code for answer in answers} == {200}
        answered = {answer.json()["forecast_id"] for answer in answers}

        async def shipped() -> bool:
            # What it was told when it hung it may do afterwards: then an event is there twice, and the sink keeps one.
            return set(await valkey.event_ids()) == answered

        await until(shipped)


async def test_a_mongodb_that_never_answers_is_away(running: Running, silent: str) -> None:
    async with running(mongo_url=f"mongodb://{silent}/?directConnection=true") as service:
        async with asyncio.timeout(LONGEST_SECONDS):
            response = await service.get("/forecast/history")
    assert (response.status_code, response.json()["type"]) == (503, "urn:cs2-forecast:problem:history-unavailable")


async def test_a_postgresql_that_never_answers_is_away(running: Running, silent: str) -> None:
    async with running(database_url=f"postgresql+psycopg://cs2@{silent}/cs2") as service:
        async with asyncio.timeout(LONGEST_SECONDS):
            response = await service.client.post("/auth/login", data={"username": "ada", "password": PASSWORD})
    assert (response.status_code, response.json()["type"]) == (503, "urn:cs2-forecast:problem:database-unavailable")
