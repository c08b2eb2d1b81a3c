"""The sink on real servers: each event is stored once, even after a kill; invalid events become dead letters."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pymongo
import pytest
import redis.asyncio

from cs2.messages import (
    DEAD_EVENTS_STREAM,
    EVENT_FIELD,
    EVENTS_FIELD,
    EVENTS_GROUP,
    EVENTS_STREAM,
    FORECASTS_COLLECTION,
)
from cs2.mongo_client import MongoClient
from ingest_worker.consumer import ALIVE_PREFIX, Consumer
from ingest_worker.store import MongoForecastStore
from tests.testkit.sink import add_events, forecast_event
from tests.testkit.waiting import until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def stored(mongo_url: str, mongo_database: str) -> Iterator[Any]:
    with pymongo.MongoClient(mongo_url) as client:
        yield client[mongo_database][FORECASTS_COLLECTION]
        client.drop_database(mongo_database)


@pytest.fixture(params=[MongoClient, pymongo.AsyncMongoClient], ids=["motor", "pymongo"])
async def store(
    request: pytest.FixtureRequest, mongo_url: str, mongo_database: str
) -> AsyncIterator[MongoForecastStore]:
    """The store with motor, and with pymongo's client, which may replace motor."""
    store = MongoForecastStore(request.param, mongo_url, mongo_database)
    yield store
    await store.close()


@pytest.fixture
async def consumer(stream: redis.asyncio.Redis, store: MongoForecastStore) -> Consumer:
    consumer = Consumer(stream, store, "tester")
    await consumer.prepare()
    return consumer


async def test_duplicate_documents_are_stored_once(store: MongoForecastStore, stored: Any) -> None:
    assert await store.insert([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}]) == {}
    assert await store.insert([{"_id": "b", "n": 2}, {"_id": "c", "n": 2}]) == {}
    assert {row["_id"]: row["n"] for row in stored.find()} == {"a": 1, "b": 1, "c": 2}


async def test_a_document_that_cannot_be_sent_does_not_stop_the_others(store: MongoForecastStore, stored: Any) -> None:
    refused = await store.insert([{"_id": "a"}, {"_id": "b", "n": 2**80}, {"_id": "c"}])
    assert list(refused) == ["b"]
    assert {row["_id"] for row in stored.find()} == {"a", "c"}


async def test_an_event_becomes_a_document_under_its_id(
    consumer: Consumer, stream: redis.asyncio.Redis, stored: Any
) -> None:
    payload = forecast_event()
    await add_events(stream, [payload])
    assert await consumer.step() == 1
    (document,) = stored.find()
    sent = json.loads(payload)
    assert document["_id"] == sent["event_id"] == document["response"]["forecast_id"]
    assert document["occurred_at"].date() == datetime.now(UTC).date()
    assert (await stream.xpending(EVENTS_STREAM, EVENTS_GROUP))["pending"] == 0
    assert await stream.exists(f"{ALIVE_PREFIX}tester")


async def test_an_event_delivered_twice_is_stored_once(
    consumer: Consumer, stream: redis.asyncio.Redis, stored: Any
) -> None:
    payload = forecast_event()
    await add_events(stream, [payload, payload])
    await consumer.step()
    assert stored.count_documents({}) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({b"other": b"x"}, "no field event"),
        ({EVENT_FIELD: b"{"}, "JSON"),
        ({EVENT_FIELD: forecast_event(latency_ms=-1)}, "latency_ms"),
        ({EVENT_FIELD: forecast_event(user_id=2**80)}, "user_id"),
        ({EVENT_FIELD: forecast_event(admin=True)}, "admin"),
    ],
    ids=["no event", "no JSON", "wrong value", "too large", "forged field"],
)
async def test_an_invalid_event_becomes_a_dead_letter(
    consumer: Consumer, stream: redis.asyncio.Redis, stored: Any, fields: dict[Any, bytes], reason: str
) -> None:
    await stream.xadd(EVENTS_STREAM, fields)
    await add_events(stream, [forecast_event()])
    await consumer.step()
    ((_, dead),) = await stream.xrange(DEAD_EVENTS_STREAM)
    assert reason in dead[b"reason"].decode()
    assert dead[EVENT_FIELD] == fields.get(EVENT_FIELD, b"")
    assert stored.count_documents({}) == 1, "one invalid event never stops a batch"
    assert (await stream.xpending(EVENTS_STREAM, EVENTS_GROUP))["pending"] == 0


async def test_events_of_one_entry_are_stored_independently(
    consumer: Consumer, stream: redis.asyncio.Redis, stored: Any
) -> None:
    good = [forecast_event() for _ in range(3)]
    bad = forecast_event(latency_ms=-1)
    await stream.xadd(EVENTS_STREAM, {EVENTS_FIELD: b"\n".join([good[0], bad, *good[1:]])})
    await add_events(stream, [forecast_event()])
    assert await consumer.step() == 2
    assert {row["_id"] for row in stored.find()} > {json.loads(one)["event_id"] for one in good}
    assert stored.count_documents({}) == 4
    ((_, dead),) = await stream.xrange(DEAD_EVENTS_STREAM)
    assert dead[EVENT_FIELD] == bad
    assert b"latency_ms" in dead[b"reason"]
    assert (await stream.xpending(EVENTS_STREAM, EVENTS_GROUP))["pending"] == 0


async def test_only_acknowledged_entries_are_trimmed(consumer: Consumer, stream: redis.asyncio.Redis) -> None:
    await add_events(stream, [forecast_event() for _ in range(10)])
    await stream.xreadgroup(EVENTS_GROUP, "slow", {EVENTS_STREAM: ">"}, count=1)
    await consumer.step()
    assert await stream.xlen(EVENTS_STREAM) == 10, "the oldest entry is not acknowledged"
    pending = await stream.xpending_range(EVENTS_STREAM, EVENTS_GROUP, "-", "+", 1)
    await stream.xack(EVENTS_STREAM, EVENTS_GROUP, pending[0]["message_id"])
    consumer._trim_at = 0.0
    await consumer.step()
    assert await stream.xlen(EVENTS_STREAM) == 0


async def test_a_killed_sink_loses_and_duplicates_nothing(
    stream: redis.asyncio.Redis, stored: Any, redis_url: str, mongo_url: str, mongo_database: str
) -> None:
    environment = {
        **os.environ,
        "CS2_REDIS_URL": redis_url,
        "CS2_MONGO_URL": mongo_url,
        "CS2_MONGO_DATABASE": mongo_database,
    }

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "ingest_worker"], env=environment, stdout=subprocess.DEVNULL)

    events = [forecast_event() for _ in range(4000)]
    await add_events(stream, events[:3000])
    sink = start()
    try:
        for kills in range(3):

            async def has_more(bound: int = 400 * (kills + 1)) -> bool:
                return await asyncio.to_thread(stored.count_documents, {}) >= bound

            await until(has_more)
            sink.send_signal(signal.SIGKILL)
            sink.wait(10)
            sink = start()
        await add_events(stream, events[3000:])

        async def all_acknowledged() -> bool:
            return (
                await asyncio.to_thread(stored.count_documents, {}) == 4000
                and not (await stream.xpending(EVENTS_STREAM, EVENTS_GROUP))["pending"]
            )

        await until(all_acknowledged)
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(10) == 0
    finally:
        if sink.poll() is None:
            sink.kill()
            sink.wait(10)
    assert {row["_id"] for row in stored.find({}, {"_id": 1})} == {json.loads(sent)["event_id"] for sent in events}
    assert not await stream.exists(DEAD_EVENTS_STREAM)


async def test_events_wait_in_the_stream_without_mongodb(
    stream: redis.asyncio.Redis, stored: Any, mongo_url: str, mongo_database: str, unused_port: int
) -> None:
    away = MongoForecastStore(MongoClient, f"mongodb://127.0.0.1:{unused_port}", mongo_database)
    await add_events(stream, [forecast_event()])
    await stream.xgroup_create(EVENTS_STREAM, EVENTS_GROUP, id="0")
    with pytest.raises(pymongo.errors.PyMongoError):
        await Consumer(stream, away, "unlucky").step()
    await away.close()
    assert (await stream.xpending(EVENTS_STREAM, EVENTS_GROUP))["pending"] == 1
    back = MongoForecastStore(MongoClient, mongo_url, mongo_database)
    consumer = Consumer(stream, back, "later")

    async def is_stored() -> bool:
        consumer._claim_at = 0.0
        await consumer.step()
        return bool(await asyncio.to_thread(stored.count_documents, {}))

    await until(is_stored)
    await back.close()


@pytest.fixture
def unused_port() -> int:
    from cli.stack.servers import free_port

    return free_port()
