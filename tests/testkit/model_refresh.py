"""Announce models to a running service, and check which one it serves."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import redis.asyncio

from cs2.announcements import CHANNEL
from cs2.messages import ModelAnnouncement
from tests.testkit.service import Service


async def announce(url: str, payload: bytes | None = None) -> None:
    """Publish an announcement, or ``payload`` in its place."""
    message = ModelAnnouncement(
        event_id="x", kind="model", model_version=None, snapshot_id=None, published_at=datetime.now(UTC)
    )
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.publish(CHANNEL, payload or message.model_dump_json().encode())


def serves(service: Service, version: int) -> Callable[[], Awaitable[bool]]:
    """Return the condition that the service serves a version of the model."""

    async def condition() -> bool:
        model = service.services.refresher.current.model
        return model is not None and model.record.version == version

    return condition
