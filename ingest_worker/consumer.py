"""One consumer of the group: takes events off the stream, has them stored, acknowledges them."""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from cs2.contracts import DEAD_EVENTS_STREAM, EVENT_FIELD, EVENTS_GROUP, EVENTS_STREAM
from ingest_worker.events import DeadEntryError, Document, Entry, document_of, request_id_of
from ingest_worker.metrics import SinkMetrics
from ingest_worker.store import ForecastStore
from ingest_worker.trimming import trim_stream

BATCH = 500
BLOCK_MS = 1000
CLAIM_IDLE_MS = 3000
"""An entry that somebody took so long ago without acknowledging it is taken over."""
CLAIM_EVERY_SECONDS = 1.0
TRIM_EVERY_SECONDS = 1.0
ALIVE_SECONDS = 10
ALIVE_PREFIX = "forecast_results:alive:"

log = structlog.get_logger(__name__)


def consumer_name() -> str:
    """Tells the consumers of the group apart."""
    return f"{socket.gethostname()}-{os.getpid()}"


class Consumer:
    """Moves events from the stream to the store. Delivered at least once, stored once: ``_id`` is the event's id."""

    def __init__(self, redis: Redis, store: ForecastStore, name: str, metrics: SinkMetrics | None = None) -> None:
        self._redis = redis
        self._store = store
        self._name = name
        self._metrics = metrics or SinkMetrics()
        self._claim_at = 0.0
        self._trim_at = 0.0

    async def prepare(self) -> None:
        """Make the group (from the stream's beginning) where it is missing, and the store's index."""
        try:
            await self._redis.xgroup_create(EVENTS_STREAM, EVENTS_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        await self._store.prepare()

    async def step(self) -> int:
        """Take one batch through; how many entries it held. Waits a moment where there is nothing.

        Raises:
            redis.RedisError: If Redis does not answer.
            pymongo.errors.PyMongoError: If MongoDB does not answer: the entries stay with the group.
        """
        entries = await self._next_batch()
        if entries:
            with self._metrics.batch_seconds.time():
                await self._take(entries)
        if time.monotonic() >= self._trim_at:
            await trim_stream(self._redis)
            self._trim_at = time.monotonic() + TRIM_EVERY_SECONDS
        await self._redis.set(f"{ALIVE_PREFIX}{self._name}", datetime.now(UTC).isoformat(), ex=ALIVE_SECONDS)
        self._metrics.last_turn.set_to_current_time()
        return len(entries)

    async def leave(self) -> None:
        """Take the consumer's name off the group, where it leaves nothing unacknowledged behind."""
        await self._redis.delete(f"{ALIVE_PREFIX}{self._name}")
        pending = await self._redis.xpending_range(EVENTS_STREAM, EVENTS_GROUP, "-", "+", 1, consumername=self._name)
        if not pending:
            await self._redis.xgroup_delconsumer(EVENTS_STREAM, EVENTS_GROUP, self._name)

    async def _next_batch(self) -> list[Entry]:
        """What a dead consumer, or this one before a failure, left unacknowledged; else what is new."""
        if time.monotonic() >= self._claim_at:
            answer: Any = await self._redis.xautoclaim(
                EVENTS_STREAM, EVENTS_GROUP, self._name, min_idle_time=CLAIM_IDLE_MS, count=BATCH
            )
            claimed = [Entry(key, fields) for key, fields in answer[1]]
            if claimed:
                self._metrics.claimed.inc(len(claimed))
                log.info("entries_claimed", entries=len(claimed))
                return claimed
            self._claim_at = time.monotonic() + CLAIM_EVERY_SECONDS
        found: Any = await self._redis.xreadgroup(
            EVENTS_GROUP, self._name, {EVENTS_STREAM: ">"}, count=BATCH, block=BLOCK_MS
        )
        streams = found.values() if isinstance(found, dict) else (entries for _, entries in found or ())
        return [Entry(key, fields) for entries in streams for key, fields in entries]

    async def _take(self, entries: Sequence[Entry]) -> None:
        dead: dict[bytes, str] = {}
        documents: dict[bytes, Document] = {}
        for entry in entries:
            try:
                documents[entry.id] = document_of(entry)
            except DeadEntryError as error:
                dead[entry.id] = str(error)
        refused = await self._store.insert(list(documents.values())) if documents else {}
        dead |= {key: refused[document["_id"]] for key, document in documents.items() if document["_id"] in refused}
        self._metrics.stored([document["occurred_at"] for key, document in documents.items() if key not in dead])
        await self._acknowledge(entries, dead)
        self._metrics.batch_events.observe(len(entries))
        self._metrics.dead.inc(len(dead))

    async def _acknowledge(self, entries: Sequence[Entry], dead: Mapping[bytes, str]) -> None:
        """Acknowledge what is stored; put what never can be beside it, with the reason, in the same transaction."""
        pipeline = self._redis.pipeline(transaction=True)
        for entry in entries:
            if entry.id in dead:
                payload = entry.fields.get(EVENT_FIELD, b"")
                fields: Any = {"reason": dead[entry.id], "entry_id": entry.id, EVENT_FIELD: payload}
                pipeline.xadd(DEAD_EVENTS_STREAM, fields)
        pipeline.xack(EVENTS_STREAM, EVENTS_GROUP, *(entry.id for entry in entries))
        await pipeline.execute()
        for entry in entries:
            if entry.id in dead:
                log.warning("entry_dead", entry=entry.id.decode(), reason=dead[entry.id], **request_id_of(entry))
