"""Hands each event to the history before its answer leaves: to Redis, or while Redis is away to the spool."""

import asyncio
import random
import time
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cs2.contracts import EVENT_FIELD, EVENTS_STREAM
from serving.errors import UnavailableError
from serving.forecast.spool import Spool, SpoolError
from serving.supervision import TaskState

MAX_GROUP = 500
MAX_WAITING = 10_000
"""So many requests wait for the history at most; beyond it forecasts are refused with 503."""
SHIP_BYTES = 1024 * 1024
"""More than a whole group holds (an event has about 1.3 kB): the spool empties under any load."""
MAX_PAGES = 20
"""Of ``MAX_GROUP`` entries each: so far behind its time is an event looked for in the stream."""
CLOCK_SKEW_MS = 5_000
SHORTEST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)

_Waiting = tuple[bytes, asyncio.Future[None]]


class Outbox:
    """Writes the events of all requests in flight together. One task writes, so that their order is kept."""

    def __init__(self, redis: Redis, spool: Spool) -> None:
        self._redis = redis
        self._spool = spool
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._retry_at = 0.0
        self._retry_seconds = SHORTEST_RETRY_SECONDS
        self.redis_problem: str | None = None
        self.spool_problem: str | None = None

    @property
    def spooled_bytes(self) -> int:
        """Size of the events that wait for Redis in the local file."""
        return self._spool.waiting_bytes

    @property
    def waiting(self) -> int:
        """How many requests wait for the history."""
        return len(self._waiting)

    async def record(self, event: bytes) -> None:
        """Return once the event is in the history's keeping.

        Args:
            event: One event as JSON, without line breaks.

        Raises:
            UnavailableError: If neither Redis nor the local file takes it: the forecast must not be answered.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise UnavailableError("history-unavailable", "too many forecasts wait for the history")
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((event, future))
        self._wake.set()
        await future

    async def find(self, event_id: str) -> bytes | None:
        """An event that is on its way to the history: in the local file, or in the stream.

        The stream is searched from the moment on that the id tells, over as many entries as one would wait for.

        Args:
            event_id: A uuid7.

        Raises:
            redis.RedisError: If Redis does not answer.
        """
        text = event_id.encode()
        spooled = self._spool.find(text)
        if spooled is not None:
            return spooled
        first = UUID(event_id).int >> 80
        start = str(max(0, first - CLOCK_SKEW_MS))
        for _ in range(MAX_PAGES):
            entries: Any = await self._redis.xrange(EVENTS_STREAM, start, "+", count=MAX_GROUP)
            for _, fields in entries:
                if text in fields.get(EVENT_FIELD, b""):
                    found: bytes = fields[EVENT_FIELD]
                    return found
            if len(entries) < MAX_GROUP:
                return None
            start = "(" + entries[-1][0].decode()
        return None

    async def run(self, state: TaskState) -> None:
        """Write what waits, and ship what the spool holds, for as long as the service lives."""
        while True:
            state.is_well()
            if not self._waiting:
                await self._sleep()
            group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
            try:
                await self._write(group)
            finally:
                _refuse(group, "the history cannot be written")  # whoever has no answer yet, whatever happened
            if self._has_to_ship() and time.monotonic() >= self._retry_at:
                await self._ship()

    async def close(self) -> None:
        """Write what still waits, at the end of the service."""
        group, self._waiting = self._waiting, []
        try:
            await self._write(group)
        finally:
            _refuse(group, "the service stops")
            self._spool.close()

    async def _sleep(self) -> None:
        """Until an event comes, or until it is time to try Redis again."""
        self._wake.clear()
        seconds = max(0.0, self._retry_at - time.monotonic()) if self._has_to_ship() else None
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    async def _write(self, group: list[_Waiting]) -> None:
        if not group:
            return
        events = [event for event, _ in group]
        if not self._spool.waiting_bytes and time.monotonic() >= self._retry_at and await self._to_redis(events):
            _confirm(group)
            return
        try:
            self._spool.append(events)
        except SpoolError as error:
            if self.spool_problem is None:
                log.error("spool_refuses", error=str(error))
            self.spool_problem = str(error)
            _refuse(group, "Redis is away and the local file takes no more")
            return
        self.spool_problem = None
        _confirm(group)

    def _has_to_ship(self) -> bool:
        """Whether something waits for Redis, or it has to be seen whether Redis is back."""
        return self._spool.waiting_bytes > 0 or self.redis_problem is not None

    async def _ship(self) -> None:
        """Ship the oldest part of the spool."""
        events = self._spool.read(SHIP_BYTES)
        if await self._to_redis(events) and events:
            self._spool.mark_shipped(events)
            log.info("spool_shipped", events=len(events), bytes_left=self._spool.waiting_bytes)

    async def _to_redis(self, events: list[bytes]) -> bool:
        """Whether Redis has the events. Where it may have some of them they are sent again: the sink ignores these."""
        try:
            pipeline = self._redis.pipeline(transaction=False)
            if not events:
                pipeline.ping()
            for event in events:
                pipeline.xadd(EVENTS_STREAM, {EVENT_FIELD: event})
                pipeline.publish(EVENTS_STREAM, event)
            await pipeline.execute()
        except (RedisError, OSError) as error:
            if self.redis_problem is None:
                log.warning("redis_away", error=str(error))
            self.redis_problem = f"{type(error).__name__}: {error}"
            self._retry_at = time.monotonic() + self._retry_seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
            self._retry_seconds = min(self._retry_seconds * 2, LONGEST_RETRY_SECONDS)
            return False
        if self.redis_problem is not None:
            log.info("redis_back")
        self.redis_problem, self._retry_seconds = None, SHORTEST_RETRY_SECONDS
        self.spool_problem = None
        return True


def _confirm(group: list[_Waiting]) -> None:
    for _, future in group:
        if not future.done():  # a client that went away has cancelled it
            future.set_result(None)


def _refuse(group: list[_Waiting], reason: str) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(UnavailableError("history-unavailable", f"{reason}; ask again later"))
