"""The event publisher without a service."""

import asyncio
from pathlib import Path
from typing import Any

import redis.asyncio

from cs2.messages import EVENTS_STREAM, parse_entry
from serving.forecast.event_publisher import EventPublisher
from serving.forecast.fallback_file import FallbackFile


async def test_waiting_events_are_stored_when_the_service_stops(redis_url: str, tmp_path: Path) -> None:
    """The service stops after the publisher's background task has ended."""
    events = [b'{"n": 1}', b'{"n": 2}', b'{"n": 3}']
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        publisher = EventPublisher(client, FallbackFile(tmp_path, max_bytes=10_000))
        async with asyncio.TaskGroup() as group:
            for event in events:
                group.create_task(publisher.publish(event))
            await asyncio.sleep(0)  # the tasks have started
            await publisher.close()
        entries: Any = await client.xrange(EVENTS_STREAM)
    assert [event for _, fields in entries for event in parse_entry(fields)] == events
