"""A sink that is killed between reading events and storing them."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pymongo
import pytest
import redis.asyncio

from cs2.messages import EVENTS_GROUP, EVENTS_STREAM, FORECASTS_COLLECTION
from tests.testkit.own_servers import MongoServer
from tests.testkit.sink import add_events, forecast_event
from tests.testkit.waiting import until

pytestmark = pytest.mark.timeout(180)


async def test_a_sink_killed_before_it_stores_events_loses_none(
    stream: redis.asyncio.Redis, redis_url: str, mongo_server: MongoServer, mongo_database: str
) -> None:
    """While MongoDB is down, the sink holds unstored events, so the kill is certain to hit them."""
    environment = {"CS2_REDIS_URL": redis_url, "CS2_MONGO_URL": mongo_server.url, "CS2_MONGO_DATABASE": mongo_database}

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ingest_worker"]
        return subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)

    def stored() -> int:
        with pymongo.MongoClient(mongo_server.url) as client:
            return client[mongo_database][FORECASTS_COLLECTION].count_documents({})

    async def group() -> Any:
        groups = await stream.xinfo_groups(EVENTS_STREAM) if await stream.exists(EVENTS_STREAM) else []
        return next((info for info in groups if info["name"].decode() == EVENTS_GROUP), None)

    sink = start()
    try:
        await add_events(stream, [forecast_event()])

        async def first_is_stored() -> bool:
            return await asyncio.to_thread(stored) == 1

        await until(first_is_stored)
        before = (await group())["last-delivered-id"]
        await asyncio.to_thread(mongo_server.stop)
        await add_events(stream, [forecast_event() for _ in range(20)])

        async def some_are_taken() -> bool:
            return (await group())["last-delivered-id"] != before

        await until(some_are_taken)
        sink.send_signal(signal.SIGKILL)
        sink.wait(10)
        await asyncio.to_thread(mongo_server.start)
        sink = start()

        async def all_stored() -> bool:
            return await asyncio.to_thread(stored) == 21 and not (await group())["pending"]

        await until(all_stored)
    finally:
        sink.kill()
        sink.wait(10)


async def test_an_empty_stream_causes_no_errors(
    stream: redis.asyncio.Redis, redis_url: str, mongo_url: str, mongo_database: str, tmp_path: Path
) -> None:
    """The socket timeout exceeds ``BLOCK``, so empty reads cause no warning."""
    from ingest_worker.consumer import ALIVE_PREFIX

    environment = {"CS2_REDIS_URL": redis_url, "CS2_MONGO_URL": mongo_url, "CS2_MONGO_DATABASE": mongo_database}
    turns: set[bytes] = set()

    async def has_turned() -> bool:
        async for key in stream.scan_iter(match=f"{ALIVE_PREFIX}*-{sink.pid}"):
            turns.add(await stream.get(key))
        return len(turns) >= 3 or b"sink_waits" in log.read_bytes()

    log = tmp_path / "sink.log"
    with log.open("wb") as output:
        sink = subprocess.Popen(
            [sys.executable, "-m", "ingest_worker"], env={**os.environ, **environment}, stdout=output
        )
    try:
        await until(has_turned)
    finally:
        sink.kill()
        sink.wait(10)
    assert b"sink_ready" in log.read_bytes()
    assert b"sink_waits" not in log.read_bytes()
