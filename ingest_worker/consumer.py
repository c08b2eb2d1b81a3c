"""A consumer of the group: reads events from the stream, stores and acknowledges them."""

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
from ingest_worker.events import DeadEvent, DeadEventError, Document, StreamEntry, build_document, request_id_fields
from ingest_worker.metrics import SinkMetrics
from ingest_worker.store import ForecastStore
from ingest_worker.trimming import trim_stream

BATCH_EVENTS = 500
"""Events that are stored at once, at least."""
BATCH_ENTRIES = 100
"""Largest number of stream entries read at once; an entry can contain some hundred events."""
BLOCK_MS = 1000
CLAIM_IDLE_MS = 3000
"""Age at which an unacknowledged entry of another consumer is claimed."""
CLAIM_EVERY_SECONDS = 1.0
TRIM_EVERY_SECONDS = 1.0
ALIVE_SECONDS = 10
ALIVE_PREFIX = "forecast_results:alive:"

log = structlog.get_logger(__name__)


def consumer_name() -> str:
    """Return a name that is unique in the group: host and process id."""
    return f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class _ParsedEvent:
    """An event with its stream entry and its document."""

    entry_id: bytes
    payload: bytes
    document: Document


class Consumer:
    """Moves events from the stream to the store.

    An event can be delivered more than once. It is stored once, because its id is the ``_id`` of the document.
    """

    def __init__(self, redis: Redis, store: ForecastStore, name: str, metrics: SinkMetrics | None = None) -> None:
        self._redis = redis
        self._store = store
        self._name = name
        self._metrics = metrics or SinkMetrics()
        self._claim_at = 0.0
        self._trim_at = 0.0

    async def prepare(self) -> None:
        """Create the group (from the start of the stream) and the store's index, if they do not exist."""
        try:
            await self._redis.xgroup_create(EVENTS_STREAM, EVENTS_GROUP, id="0", mkstream=True)
        except OutOfMemoryError:  # also raised if the group exists: then go on, because trimming frees memory
            groups: Any = await self._redis.xinfo_groups(EVENTS_STREAM)
            if EVENTS_GROUP.encode() not in {group["name"] for group in groups}:
                raise
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        await self._store.prepare()

    async def step(self) -> int:
        """Process one batch; wait a second if the stream is empty.

        Returns:
            The number of entries.

        Raises:
            redis.RedisError: If Redis does not answer.
            pymongo.errors.PyMongoError: If MongoDB does not answer: the entries stay unacknowledged.
        """
        entries = await self._next_batch()
        if entries:
            with self._metrics.batch_seconds.time():
                await self._process(entries)
        if time.monotonic() >= self._trim_at:
            await trim_stream(self._redis)
            self._trim_at = time.monotonic() + TRIM_EVERY_SECONDS
        await self._redis.set(f"{ALIVE_PREFIX}{self._name}", datetime.now(UTC).isoformat(), ex=ALIVE_SECONDS)
        self._metrics.last_turn.set_to_current_time()
        return len(entries)

    async def leave(self) -> None:
        """Remove the consumer from the group, unless it has unacknowledged entries."""
        await self._redis.delete(f"{ALIVE_PREFIX}{self._name}")
        pending = await self._redis.xpending_range(EVENTS_STREAM, EVENTS_GROUP, "-", "+", 1, consumername=self._name)
        if not pending:
            await self._redis.xgroup_delconsumer(EVENTS_STREAM, EVENTS_GROUP, self._name)

    async def _next_batch(self) -> list[StreamEntry]:
        """Return entries that a dead consumer, or this one before a failure, left unacknowledged; else new entries."""
        if time.monotonic() >= self._claim_at:
            answer: Any = await self._redis.xautoclaim(
                EVENTS_STREAM, EVENTS_GROUP, self._name, min_idle_time=CLAIM_IDLE_MS, count=BATCH_ENTRIES
            )
            claimed = [StreamEntry(key, fields) for key, fields in answer[1]]
            if claimed:
                self._metrics.claimed.inc(len(claimed))
                log.info("entries_claimed", entries=len(claimed))
                return claimed
            self._claim_at = time.monotonic() + CLAIM_EVERY_SECONDS
        unread: Any = await self._redis.xreadgroup(
            EVENTS_GROUP, self._name, {EVENTS_STREAM: ">"}, count=BATCH_ENTRIES, block=BLOCK_MS
        )
        streams = unread.values() if isinstance(unread, dict) else (entries for _, entries in unread or ())
        return [StreamEntry(key, fields) for entries in streams for key, fields in entries]

    async def _process(self, entries: Sequence[StreamEntry]) -> None:
        """Store the events of the entries, then acknowledge them and write the dead letters."""
        dead: list[DeadEvent] = []
        parsed: list[_ParsedEvent] = []
        for entry in entries:
            payloads = parse_entry(entry.fields)
            if not payloads:
                dead.append(DeadEvent(entry.id, b"", "it has no field event or events"))
            for payload in payloads:
                try:
                    parsed.append(_ParsedEvent(entry.id, payload, build_document(payload)))
                except DeadEventError as error:
                    dead.append(DeadEvent(entry.id, payload, str(error)))
            if len(parsed) >= BATCH_EVENTS:
                dead += await self._insert(parsed)
                parsed = []
        dead += await self._insert(parsed)
        await self._acknowledge(entries, dead)
        self._metrics.dead.inc(len(dead))

    async def _insert(self, events: Sequence[_ParsedEvent]) -> list[DeadEvent]:
        """Store the documents of events; return the events that can never be stored."""
        reasons = await self._store.insert([event.document for event in events]) if events else {}
        self._metrics.stored(
            [event.document["occurred_at"] for event in events if event.document["_id"] not in reasons]
        )
        return [
            DeadEvent(event.entry_id, event.payload, reasons[event.document["_id"]])
            for event in events
            if event.document["_id"] in reasons
        ]

    async def _acknowledge(self, entries: Sequence[StreamEntry], dead: Sequence[DeadEvent]) -> None:
        """Acknowledge the entries and write the dead letters with their reasons, in one transaction."""
        pipeline = self._redis.pipeline(transaction=True)
        for event in dead:
            fields: Any = {"reason": event.reason, "entry_id": event.entry_id, EVENT_FIELD: event.payload}
            pipeline.xadd(DEAD_EVENTS_STREAM, fields)
        pipeline.xack(EVENTS_STREAM, EVENTS_GROUP, *(entry.id for entry in entries))
        await pipeline.execute()
        for event in dead:
            log.warning(
                "event_dead", entry=event.entry_id.decode(), reason=event.reason, **request_id_fields(event.payload)
            )
