"""What tests of faults and news share: a Redis to stop and start, an announcement, and waiting for a condition."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from cli.stack import servers
from cs2.announcements import CHANNEL
from cs2.messages import EVENTS_STREAM, ModelAnnouncement, parse_entry
from tests.testkit.servers import wait_until_well
from tests.testkit.service import Service


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


class Valkey:
    """A server of the test's own, to stop and start."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, servers.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._child = subprocess.Popen(servers.valkey_command(self.port, self.folder), stdout=subprocess.DEVNULL)
        wait_until_well(lambda: servers.redis_check(self.url), "Valkey")

    def stop(self) -> None:
        if self._child is not None:
            self._child.terminate()
            self._child.wait(10)
            self._child = None

    async def event_ids(self) -> list[str]:
        async with redis.asyncio.Redis.from_url(self.url) as client:
            entries: Any = await client.xrange(EVENTS_STREAM)
        return [json.loads(event)["event_id"] for _, fields in entries for event in parse_entry(fields)]


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    folder = tmp_path / "valkey"
    folder.mkdir()
    server = Valkey(folder)
    server.start()
    yield server
    server.stop()


async def announce(url: str, payload: bytes | None = None) -> None:
    message = ModelAnnouncement(
        event_id="x", kind="model", model_version=None, snapshot_id=None, published_at=datetime.now(UTC)
    )
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.publish(CHANNEL, payload or message.model_dump_json().encode())


def serves(service: Service, version: int) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        model = service.services.refresher.current.model
        return model is not None and model.record.version == version

    return condition
