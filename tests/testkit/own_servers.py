"""Servers of a single test, which the test may stop and start."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from cli.stack import servers
from cli.stack.temporary import wait_until_healthy
from cs2.messages import EVENTS_STREAM, parse_entry


class Valkey:
    """A Redis server."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, servers.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._child = subprocess.Popen(servers.valkey_command(self.port, self.folder), stdout=subprocess.DEVNULL)
        wait_until_healthy(lambda: servers.redis_check(self.url), "Valkey")

    def stop(self) -> None:
        if self._child is not None:
            self._child.terminate()
            self._child.wait(10)
            self._child = None

    async def event_ids(self) -> list[str]:
        async with redis.asyncio.Redis.from_url(self.url) as client:
            entries: Any = await client.xrange(EVENTS_STREAM)
        return [json.loads(event)["event_id"] for _, fields in entries for event in parse_entry(fields)]


class MongoServer:
    """A server with MongoDB's wire protocol; ``stop`` kills it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, servers.free_port()
        self.url = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = servers.mongo_command(self.port, self.folder)
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until_healthy(lambda: servers.mongo_check(self.url), "the MongoDB-wire server")

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait(10)
            self._child = None


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A running Valkey."""
    folder = tmp_path / "valkey"
    folder.mkdir()
    server = Valkey(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mongo_server(tmp_path: Path) -> Iterator[MongoServer]:
    """A running MongoDB-wire server."""
    server = MongoServer(tmp_path / "mongo")
    server.start()
    yield server
    server.stop()
