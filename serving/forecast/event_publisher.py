"""Hands each event to the history before its answer leaves: to Redis, or while Redis is away to the spool."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
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
"""So many events, and no new one, go into one entry of the stream."""
MAX_WAITING = 10_000
"""So many events wait for the history at most; beyond it forecasts are refused with 503."""
SHIP_BYTES = 512 * 1024
"""More than a whole group holds (an event has about 1.5 kB): the spool empties under any load."""
PAGE = 20
MAX_PAGES = 100
"""Of ``PAGE`` entries each: so far behind its time is an event looked for in the stream."""
CLOCK_SKEW_MS = 5_000
SHORTEST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 1.0

WRITE = """
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
for event in string.gmatch(ARGV[2], '[^\\n]+') do redis.call('PUBLISH', KEYS[1], event) end
"""
"""A group becomes one entry of the stream; listeners on the channel hear each event. The payload is sent once."""

log = structlog.get_logger(__name__)

_Waiting = tuple[Sequence[bytes], asyncio.Future[None]]


class EventPublisher:
    """Writes the events of all requests in flight together. One task writes, so that their order is kept.

    Attributes:
        before_turn: Called before each turn; what it has kept is written in it.
        redis_problem: Why the last write to Redis failed, None where it did not.
        fallback_problem: The same of the local file.
    """

    def __init__(self, redis: Redis, fallback_file: FallbackFile) -> None:
        self._redis = redis
        self._write_events = redis.register_script(WRITE)
        self._fallback_file = fallback_file
        self._waiting: list[_Waiting] = []
        self._n_waiting = 0
        self._wake = asyncio.Event()
        self.before_turn: Callable[[], None] = lambda: None
        self._retry_at = 0.0
        self._retry_seconds = SHORTEST_RETRY_SECONDS
        self.redis_problem: str | None = None
        self.fallback_problem: str | None = None

    @property
    def fallback_bytes(self) -> int:
        """Size of the events that wait for Redis in the local file."""
        return self._fallback_file.waiting_bytes

    @property
    def waiting(self) -> int:
        """How many events wait for the history."""
        return self._n_waiting

    def record(self, events: Sequence[bytes]) -> asyncio.Future[None]:
        """Have events kept, all or none.

        Args:
            events: At least one, each as JSON without line breaks.

        Returns:
            Is done once they are in the history's keeping; until then no answer to them may leave. Fails with
            ``UnavailableError`` where neither Redis nor the local file takes them, or too many wait already.
        """
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self.require_room()
        except UnavailableError as error:
            kept.set_exception(error)
        else:
            self.keep(events, kept)
        return kept

    def require_room(self, n_more: int = 0) -> None:
        """Refuse an event where too many wait.

        Args:
            n_more: How many will come before it.

        Raises:
            UnavailableError: If so.
        """
        if self._n_waiting + n_more >= MAX_WAITING:
            raise UnavailableError("history-unavailable", "too many forecasts wait for the history")

    def wake(self) -> None:
        """Take the next turn soon."""
        self._wake.set()

    def keep(self, events: Sequence[bytes], kept: "asyncio.Future[None]") -> None:
        """As :meth:`record`, with a future that somebody waits for already."""
        self._waiting.append((events, kept))
        self._n_waiting += len(events)
        self._wake.set()

    async def find(self, event_id: str) -> bytes | None:
        """An event that is on its way to the history: in the local file, or in the stream.

        The stream is searched from the moment on that the id tells, over as many entries as one would wait for.

        Args:
            event_id: A uuid7.

        Raises:
            redis.RedisError: If Redis does not answer.
        """
        text = event_id.encode()
        spooled = self._fallback_file.find(text)
        if spooled is not None:
            return spooled
        first = UUID(event_id).int >> 80
        start = str(max(0, first - CLOCK_SKEW_MS))
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
        """Write what waits, and ship what the spool holds, for as long as the service lives."""
        while True:
            state.mark_healthy()
            self.before_turn()
            if not self._waiting:
                await self._sleep()
                self.before_turn()
            group = self._next_group()
            try:
                await self._write(group)
            finally:
                _refuse(group, "the history cannot be written")  # whoever has no answer yet, whatever happened
            if self._has_to_ship() and time.monotonic() >= self._retry_at:
                await self._ship()

    async def close(self) -> None:
        """Write what still waits, at the end of the service."""
        self.before_turn()
        try:
            while self._waiting:
                group = self._next_group()
                try:
                    await self._write(group)
                finally:
                    _refuse(group, "the service stops")
        finally:
            self._fallback_file.close()

    def _next_group(self) -> list[_Waiting]:
        """Take what waits, the oldest first, until it is enough for an entry of the stream."""
        n_items, n_events = 0, 0
        while n_items < len(self._waiting) and n_events < MAX_GROUP:
            n_events += len(self._waiting[n_items][0])
            n_items += 1
        group, self._waiting = self._waiting[:n_items], self._waiting[n_items:]
        self._n_waiting -= n_events
        return group

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
        events = [event for of_one, _ in group for event in of_one]
        if (
            not self._fallback_file.waiting_bytes
            and time.monotonic() >= self._retry_at
            and await self._to_redis(events)
        ):
            _confirm(group)
            return
        try:
            self._fallback_file.append(events)
        except FallbackFileError as error:
            if self.fallback_problem is None:
                log.error("spool_refuses", error=str(error))
            self.fallback_problem = str(error)
            _refuse(group, "Redis is away and the local file takes no more")
            return
        self.fallback_problem = None
        _confirm(group)

    def _has_to_ship(self) -> bool:
        """Whether something waits for Redis, or it has to be seen whether Redis is back."""
        return self._fallback_file.waiting_bytes > 0 or self.redis_problem is not None

    async def _ship(self) -> None:
        """Ship the oldest part of the spool."""
        events = self._fallback_file.read(SHIP_BYTES)
        if await self._to_redis(events) and events:
            self._fallback_file.mark_shipped(events)
            log.info("spool_shipped", events=len(events), bytes_left=self._fallback_file.waiting_bytes)

    async def _to_redis(self, events: list[bytes]) -> bool:
        """Whether Redis has the events. Where it may have some of them they are sent again: the sink ignores these."""
        try:
            if events:
                field = EVENT_FIELD if len(events) == 1 else EVENTS_FIELD
                await self._write_events(keys=[EVENTS_STREAM], args=[field, b"\n".join(events)])
            else:
                await self._redis.ping()
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
        self.fallback_problem = None
        return True


def _confirm(group: list[_Waiting]) -> None:
    for _, future in group:
        if not future.done():  # a client that went away has cancelled it
            future.set_result(None)


def _refuse(group: list[_Waiting], reason: str) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(UnavailableError("history-unavailable", f"{reason}; ask again later"))
