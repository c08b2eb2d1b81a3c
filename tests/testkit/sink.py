"""The sink in the process of the test: publish events as the service does, and store them."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import redis.asyncio
from uuid_utils import uuid7

from cs2.messages import EVENT_FIELD, EVENTS_STREAM
from cs2.mongo_client import MongoClient
from ingest_worker.consumer import Consumer
from ingest_worker.metrics import SinkMetrics
from ingest_worker.store import MongoForecastStore

Sink = Callable[[], Awaitable[int]]


def forecast_event(event_id: str | None = None, **changes: Any) -> bytes:
    """Return an event of one map as JSON."""
    identity = event_id or str(uuid7())
    response = {
        "forecast_id": identity,
        "team1_win_probability": 0.6,
        "team2_win_probability": 0.4,
        "interval": [0.5, 0.7],
        "warnings": [],
        "model": {"version": 1, "trained_through": "2025-12-31", "ratings_as_of": "2025-12-31"},
        "map": {"id": 1, "name": "Nuke"},
        "team1": {"id": 1, "name": "Vitality", "players": []},
        "team2": {"id": 2, "name": "FURIA", "players": []},
        "played_on": "2026-01-05",
    }
    event = {
        "event_id": identity,
        "occurred_at": datetime.now(UTC).isoformat(),
        "user_id": 1,
        "request": {"map_id": 1, "team1_id": 1, "team2_id": 2},
        "response": response,
        "model_version": 1,
        "snapshot_id": 1,
        "latency_ms": 1.0,
        **changes,
    }
    return json.dumps(event).encode()


async def add_events(stream: redis.asyncio.Redis, events: list[bytes]) -> None:
    """Add events to the stream, one an entry."""
    pipeline = stream.pipeline(transaction=False)
    for payload in events:
        pipeline.xadd(EVENTS_STREAM, {EVENT_FIELD: payload})
    await pipeline.execute()


@asynccontextmanager
async def running_consumer(
    redis_url: str, mongo_url: str, mongo_database: str, metrics: SinkMetrics | None = None
) -> AsyncIterator[Consumer]:
    """A consumer whose group exists; each step stores one batch."""
    store = MongoForecastStore(MongoClient, mongo_url, mongo_database)
    async with redis.asyncio.Redis.from_url(redis_url, socket_timeout=10) as stream:
        consumer = Consumer(stream, store, "tester", metrics)
        await consumer.prepare()
        yield consumer
    await store.close()


async def store_all(redis_url: str, mongo_url: str, mongo_database: str) -> int:
    """Store the events of the stream, at most one batch; return their number."""
    async with running_consumer(redis_url, mongo_url, mongo_database) as consumer:
        return await consumer.step()


@pytest.fixture
async def stream(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of the Redis whose stream the sink reads."""
    async with redis.asyncio.Redis.from_url(redis_url, socket_timeout=10) as client:
        yield client


@pytest.fixture
async def sink(redis_url: str, mongo_url: str, mongo_database: str) -> AsyncIterator[Sink]:
    """Store one batch of the stream in MongoDB."""
    async with running_consumer(redis_url, mongo_url, mongo_database) as consumer:
        yield consumer.step
