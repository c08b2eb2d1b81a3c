"""Store the event of each forecast before its answer is sent: in Redis, or in the fallback file while Redis is down."""

import asyncio
import random
import time
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cs2.messages import EVENT_FIELD, EVENTS_FIELD, EVENTS_STREAM, parse_entry
from serving.errors import UnavailableError
from serving.forecast.fallback_file import FallbackFile, FallbackFileError
from serving.supervision import TaskState

MAX_GROUP = 100
"""Most events in one entry of the stream."""
MAX_WAITING = 10_000
"""Most events that wait to be stored; more are refused with 503."""
SHIP_BYTES = 512 * 1024
"""Larger than a whole group (an event has about 1.5 kB), so that the fallback file empties under any load."""
PAGE = 20
MAX_PAGES = 100
"""Pages of ``PAGE`` entries that ``find`` reads at most."""
CLOCK_SKEW_MS = 5_000
SHORTEST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 1.0

WRITE = """
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
for event in string.gmatch(ARGV[2], '[^\\n]+') do redis.call('PUBLISH', KEYS[1], event) end
"""
"""Add a group to the stream as one entry, and publish each event on the channel. The payload is sent once."""

log = structlog.get_logger(__name__)

_Waiting = tuple[bytes, asyncio.Future[None]]


class EventPublisher:
    """Stores the events of all requests in flight together. One task writes, so that they keep their order.

    Attributes:
        redis_problem: Why the last write to Redis failed; None after a success.
        fallback_problem: The same for the fallback file.
    """

    def __init__(self, redis: Redis, fallback_file: FallbackFile) -> None:
        self._redis = redis
        self._write_events = redis.register_script(WRITE)
        self._fallback_file = fallback_file
        self._waiting: list[_Waiting] = []
        self._has_waiting = asyncio.Event()
        self._retry_at = 0.0
        self._retry_seconds = SHORTEST_RETRY_SECONDS
        self.redis_problem: str | None = None
        self.fallback_problem: str | None = None

    @property
    def fallback_bytes(self) -> int:
        """Size of the events in the fallback file that are not shipped yet."""
        return self._fallback_file.waiting_bytes

    @property
    def waiting(self) -> int:
        """Number of events that are not stored yet."""
        return len(self._waiting)

    async def publish(self, event: bytes) -> None:
        """Store an event; return once Redis or the fallback file has it.

        Args:
            event: JSON without line breaks.

        Raises:
            UnavailableError: If neither takes it, or too many events wait already.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise UnavailableError("history-unavailable", "too many forecasts wait for the history")
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, stored))
        self._has_waiting.set()
        await stored

    async def find(self, event_id: str) -> bytes | None:
        """Find an event that is not in MongoDB yet, in the fallback file or the stream.

        The search starts at the time in the id and covers ``PAGE * MAX_PAGES`` entries.

        Args:
            event_id: A uuid7.

        Raises:
            redis.RedisError: If Redis does not answer.
        """
        text = event_id.encode()
        unshipped = self._fallback_file.find(text)
        if unshipped is not None:
            return unshipped
        milliseconds = UUID(event_id).int >> 80
        start = str(max(0, milliseconds - CLOCK_SKEW_MS))
        for _ in range(MAX_PAGES):
            entries: Any = await self._redis.xrange(EVENTS_STREAM, start, "+", count=PAGE)
            for _, fields in entries:
                for event in parse_entry(fields):
                    if text in event:
                        return event
            if len(entries) < PAGE:
                return None
            start = "(" + entries[-1][0].decode()
        return None

    async def run(self, state: TaskState) -> None:
        """Store waiting events and ship the fallback file, until cancelled."""
        while True:
            state.mark_healthy()
            if not self._waiting:
                await self._wait()
            await self._store_group("the history cannot be written")
            if self._has_to_ship() and time.monotonic() >= self._retry_at:
                await self._ship()

    async def close(self) -> None:
        """Store the events that still wait when the service stops."""
        try:
            while self._waiting:
                await self._store_group("the service stops")
        finally:
            self._fallback_file.close()

    async def _wait(self) -> None:
        """Wait for an event, or until Redis has to be tried again."""
        self._has_waiting.clear()
        seconds = max(0.0, self._retry_at - time.monotonic()) if self._has_to_ship() else None
        try:
            await asyncio.wait_for(self._has_waiting.wait(), seconds)
        except TimeoutError:
            return

    async def _store_group(self, reason: str) -> None:
        """Store the oldest waiting events and confirm them. Refuse those that could not be stored, also if cancelled.

        Args:
            reason: Reason of a refusal.
        """
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        if not group:
            return
        refusal: str | None = reason
        try:
            refusal = await self._store([event for event, _ in group])
        finally:
            for _, stored in group:
                if stored.done():  # the client has disconnected
                    continue
                if refusal is None:
                    stored.set_result(None)
                else:
                    stored.set_exception(UnavailableError("history-unavailable", f"{refusal}; ask again later"))

    async def _store(self, events: list[bytes]) -> str | None:
        """Store events, all or none.

        Returns:
            Why they could not be stored; None if they are.
        """
        is_redis_next = not self._fallback_file.waiting_bytes and time.monotonic() >= self._retry_at
        if is_redis_next and await self._send_to_redis(events):
            return None
        try:
            self._fallback_file.append(events)
        except FallbackFileError as error:
            if self.fallback_problem is None:
                log.error("fallback_file_failed", error=str(error))
            self.fallback_problem = str(error)
            return "Redis is away and the local file takes no more"
        self.fallback_problem = None
        return None

    def _has_to_ship(self) -> bool:
        """Whether the fallback file holds events, or a failed Redis has to be tried again."""
        return self._fallback_file.waiting_bytes > 0 or self.redis_problem is not None

    async def _ship(self) -> None:
        """Send the oldest events of the fallback file to Redis."""
        events = self._fallback_file.read(SHIP_BYTES)
        if await self._send_to_redis(events) and events:
            self._fallback_file.mark_shipped(events)
            log.info("fallback_file_shipped", events=len(events), bytes_left=self._fallback_file.waiting_bytes)

    async def _send_to_redis(self, events: list[bytes]) -> bool:
        """Write events to the stream, or ping if there are none.

        Returns:
            Whether Redis has them. After a failure Redis may have them too; the sink ignores the duplicates.
        """
        try:
            if events:
                field = EVENT_FIELD if len(events) == 1 else EVENTS_FIELD
                await self._write_events(keys=[EVENTS_STREAM], args=[field, b"\n".join(events)])
            else:
                await self._redis.ping()
        except (RedisError, OSError) as error:
            if self.redis_problem is None:
                log.warning("redis_unavailable", error=str(error))
            self.redis_problem = f"{type(error).__name__}: {error}"
            self._retry_at = time.monotonic() + self._retry_seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
            self._retry_seconds = min(self._retry_seconds * 2, LONGEST_RETRY_SECONDS)
            return False
        if self.redis_problem is not None:
            log.info("redis_available")
        self.redis_problem, self._retry_seconds = None, SHORTEST_RETRY_SECONDS
        self.fallback_problem = None
        return True
