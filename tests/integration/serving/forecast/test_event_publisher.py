"""What hands events to the history, by itself."""

from pathlib import Path
from typing import Any

import redis.asyncio

from cs2.messages import EVENTS_STREAM, parse_entry
from serving.forecast.event_publisher import EventPublisher
from serving.forecast.fallback_file import FallbackFile


async def test_what_waits_when_the_service_ends_is_written_first(redis_url: str, tmp_path: Path) -> None:
    """Its task has ended by then."""
    events = [b'{"n": 1}', b'{"n": 2}', b'{"n": 3}']
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        publisher = EventPublisher(client, FallbackFile(tmp_path, max_bytes=10_000))
        kept = [publisher.record(events[:2]), publisher.record(events[2:])]
        await publisher.close()
        assert [future.done() and future.exception() for future in kept] == [None, None]
        entries: Any = await client.xrange(EVENTS_STREAM)
    assert [event for _, fields in entries for event in parse_entry(fields)] == events
