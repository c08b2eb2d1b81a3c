"""A server that accepts connections and never answers times out and blocks nothing else."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url

from tests.testkit.accounts import log_in, register
from tests.testkit.network import Line, end, hold_task
from tests.testkit.own_servers import Valkey
from tests.testkit.published_models import Models
from tests.testkit.service import Running
from tests.testkit.waiting import until

pytestmark = pytest.mark.timeout(120)

LONGEST_SECONDS = 20


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """Yield the address of a server that reads and never answers."""

    visits: set[asyncio.Task[None]] = set()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hold_task(visits)
        try:
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"{host}:{port}"
    server.close()
    await end(visits)


async def test_no_forecast_is_lost_while_redis_hangs(running: Running, models: Models, valkey: Valkey) -> None:
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
            # Redis may later execute commands it received while hanging; the sink then drops the duplicate events.
            return set(await valkey.event_ids()) == answered

        await until(shipped)


async def test_a_hanging_mongodb_times_out(running: Running, silent: str) -> None:
    async with running(mongo_url=f"mongodb://{silent}/?directConnection=true") as service:
        async with asyncio.timeout(LONGEST_SECONDS):
            response = await service.get("/forecast/history")
    assert (response.status_code, response.json()["type"]) == (503, "urn:cs2-forecast:problem:history-unavailable")


async def test_a_hanging_mlflow_times_out_and_is_reported(running: Running, models: Models, silent: str) -> None:
    models.publish()
    async with asyncio.timeout(LONGEST_SECONDS), running(mlflow_url=f"http://{silent}") as service:

        async def is_reported() -> bool:
            mlflow = (await service.client.get("/health/ready")).json()["components"]["mlflow"]
            return not mlflow["is_well"] and f"MLflow at http://{silent} does not return" in mlflow["detail"]

        await until(is_reported)
        (await register(service)).raise_for_status()


async def test_forecasts_are_answered_while_postgresql_is_unreachable(
    running: Running, models: Models, postgres_url: str
) -> None:
    """PostgreSQL becomes unreachable after its connections were opened."""
    models.publish()
    address = make_url(postgres_url)
    assert address.port is not None
    line = Line(address.port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = address.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    async with running(database_url=url) as service:
        (await register(service)).raise_for_status()
        line.is_whole.clear()
        async with asyncio.timeout(LONGEST_SECONDS):
            response, forecast = await asyncio.gather(log_in(service), service.forecast())
        assert (response.status_code, response.json()["type"]) == (503, "urn:cs2-forecast:problem:database-unavailable")
        assert forecast.status_code == 200

        async def is_reported(is_well: bool) -> bool:
            ready = (await service.client.get("/health/ready")).json()
            return bool(ready["components"]["postgresql"]["is_well"] is is_well)

        await until(lambda: is_reported(False))
        line.is_whole.set()
        await until(lambda: is_reported(True))
        assert (await log_in(service)).status_code == 200
    server.close()
    await end(line.visits)
