"""While Redis is down, the API answers forecasts and stores their events in the fallback file, in order."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from cs2.messages import EVENTS_STREAM, parse_entry
from serving.forecast.event_publisher import EventPublisher
from serving.forecast.fallback_file import FallbackFile
from serving.supervision import TaskState
from tests.testkit.own_servers import Valkey
from tests.testkit.published_models import Models
from tests.testkit.service import Running
from tests.testkit.waiting import until

pytestmark = pytest.mark.timeout(120)


async def test_forecasts_without_redis_are_published_later_in_order(
    running: Running, models: Models, valkey: Valkey
) -> None:
    models.publish()
    async with running(redis_url=valkey.url) as service:
        answered = [(await service.forecast()).json()["forecast_id"]]
        valkey.stop()
        for _ in range(5):
            response = await service.forecast()
            assert response.status_code == 200
            answered.append(response.json()["forecast_id"])
        ready = await service.client.get("/health/ready")
        assert ready.status_code == 200
        assert not ready.json()["components"]["redis"]["is_well"]
        valkey.start()

        async def shipped() -> bool:
            return len(await valkey.event_ids()) == len(answered)

        await until(shipped)
        answered.append((await service.forecast()).json()["forecast_id"])
        assert await valkey.event_ids() == answered

        async def well() -> bool:
            components = (await service.client.get("/health/ready")).json()["components"]
            return all(component["is_well"] for component in components.values())

        await until(well)


async def test_the_next_start_publishes_the_fallback_file(running: Running, models: Models, valkey: Valkey) -> None:
    models.publish()
    valkey.stop()
    async with running(redis_url=valkey.url) as service:
        answered = [(await service.forecast()).json()["forecast_id"] for _ in range(3)]
    valkey.start()
    async with running(redis_url=valkey.url):

        async def shipped() -> bool:
            return await valkey.event_ids() == answered

        await until(shipped)


async def test_the_fallback_file_is_published_before_new_events(redis_url: str, tmp_path: Path) -> None:
    fallback_file, events = FallbackFile(tmp_path, max_bytes=10_000), [b'{"n": 1}', b'{"n": 2}']
    fallback_file.append(events[:1])
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        publisher = EventPublisher(client, fallback_file)
        task = asyncio.create_task(publisher.run(TaskState()))
        await publisher.publish(events[1])

        async def shipped() -> bool:
            return not publisher.fallback_bytes

        await until(shipped)
        task.cancel()
        entries: Any = await client.xrange(EVENTS_STREAM)
    assert [event for _, fields in entries for event in parse_entry(fields)] == events


async def test_forecasts_are_refused_when_the_fallback_file_is_full(
    running: Running, models: Models, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.publish()
    async with running(redis_url=valkey.url) as service:
        valkey.stop()
        assert (await service.forecast()).status_code == 200
        monkeypatch.setattr(service.services.events._fallback_file, "_max_bytes", 100)
        response = await service.forecast()
        assert response.status_code == 503
        assert response.json()["type"] == "urn:cs2-forecast:problem:history-unavailable"
        assert (await service.client.get("/health/ready")).status_code == 503
