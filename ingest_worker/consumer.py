"""One consumer of the group: takes events off the stream, has them stored, acknowledges them."""

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from cs2.messages import DEAD_EVENTS_STREAM, EVENT_FIELD, EVENTS_GROUP, EVENTS_STREAM, parse_entry
from ingest_worker.events import DeadEvent, DeadEventError, Document, StreamEntry, document_of, request_id_of
from ingest_worker.metrics import SinkMetrics
from ingest_worker.store import ForecastStore
from ingest_worker.trimming import trim_stream

BATCH = 500
"""About so many events are stored at once."""
ENTRIES = 100
"""So many entries of the stream are taken at once; each holds up to some hundred events."""
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


@dataclass(frozen=True, slots=True)
class _Read:
    """An event, the entry that it came in, and the document that it becomes."""

    entry_id: bytes
    payload: bytes
    document: Document


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
        except OutOfMemoryError:  # said before Redis looks whether the group exists; taking events off is what helps
            groups: Any = await self._redis.xinfo_groups(EVENTS_STREAM)
            if EVENTS_GROUP.encode() not in {group["name"] for group in groups}:
                raise
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

    async def _next_batch(self) -> list[StreamEntry]:
        """What a dead consumer, or this one before a failure, left unacknowledged; else what is new."""
        if time.monotonic() >= self._claim_at:
            answer: Any = await self._redis.xautoclaim(
                EVENTS_STREAM, EVENTS_GROUP, self._name, min_idle_time=CLAIM_IDLE_MS, count=ENTRIES
            )
            claimed = [StreamEntry(key, fields) for key, fields in answer[1]]
            if claimed:
                self._metrics.claimed.inc(len(claimed))
                log.info("entries_claimed", entries=len(claimed))
                return claimed
            self._claim_at = time.monotonic() + CLAIM_EVERY_SECONDS
        found: Any = await self._redis.xreadgroup(
            EVENTS_GROUP, self._name, {EVENTS_STREAM: ">"}, count=ENTRIES, block=BLOCK_MS
        )
        streams = found.values() if isinstance(found, dict) else (entries for _, entries in found or ())
        return [StreamEntry(key, fields) for entries in streams for key, fields in entries]

    async def _take(self, entries: Sequence[StreamEntry]) -> None:
        dead: list[DeadEvent] = []
        read: list[_Read] = []
        for entry in entries:
            events = parse_entry(entry.fields)
            if not events:
                dead.append(DeadEvent(entry.id, b"", "it has no field event or events"))
            for event in events:
                try:
                    read.append(_Read(entry.id, event, document_of(event)))
                except DeadEventError as error:
                    dead.append(DeadEvent(entry.id, event, str(error)))
            if len(read) >= BATCH:
                dead += await self._insert(read)
                read = []
        dead += await self._insert(read)
        await self._acknowledge(entries, dead)
        self._metrics.dead.inc(len(dead))

    async def _insert(self, read: Sequence["_Read"]) -> list[DeadEvent]:
        """Store documents; the events of those that can never be stored."""
        refused = await self._store.insert([one.document for one in read]) if read else {}
        stored = [one.document["occurred_at"] for one in read if one.document["_id"] not in refused]
        self._metrics.stored(stored)
        return [
            DeadEvent(one.entry_id, one.payload, refused[one.document["_id"]])
            for one in read
            if one.document["_id"] in refused
        ]

    async def _acknowledge(self, entries: Sequence[StreamEntry], dead: Sequence[DeadEvent]) -> None:
        """Acknowledge what is stored; put what never can be beside it, with the reason, in the same transaction."""
        pipeline = self._redis.pipeline(transaction=True)
        for event in dead:
            fields: Any = {"reason": event.reason, "entry_id": event.entry_id, EVENT_FIELD: event.payload}
            pipeline.xadd(DEAD_EVENTS_STREAM, fields)
        pipeline.xack(EVENTS_STREAM, EVENTS_GROUP, *(entry.id for entry in entries))
        await pipeline.execute()
        for event in dead:
            log.warning(
                "event_dead", entry=event.entry_id.decode(), reason=event.reason, **request_id_of(event.payload)
            )
