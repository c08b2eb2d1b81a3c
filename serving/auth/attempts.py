"""Limits how often passwords can be tried, for each account and for each address; Redis counts for all processes."""

import math
import time
from typing import Any

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from redis.asyncio import Redis

from serving.errors import TooManyRequestsError

log = structlog.get_logger(__name__)


class Attempts:
    """Counts attempts in windows of a minute. While Redis is away each process counts by itself."""

    def __init__(self, redis: Redis, *, per_account: int, per_address: int) -> None:
        """Count.

        Args:
            redis: Where all processes count together.
            per_account: Attempts on one account in a minute.
            per_address: Attempts from one address in a minute.
        """
        # The windows' keys expire by themselves.
        pool: Any = redis.connection_pool
        storage = RedisStorage("async+redis://", wrap_exceptions=True, implementation="redispy", connection_pool=pool)
        self._together = FixedWindowRateLimiter(storage)
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._per_account = RateLimitItemPerMinute(per_account)
        self._per_address = RateLimitItemPerMinute(per_address)

    async def count(self, *, address: str, account: str | None = None) -> None:
        """Count one attempt.

        Args:
            address: Where it comes from.
            account: Name or id of the account it is about, if it is about one.

        Raises:
            TooManyRequestsError: If there were too many; this one must not be looked at.
        """
        await self._hit(self._per_address, "address", address)
        if account is not None:
            await self._hit(self._per_account, "account", account)

    async def _hit(self, limit: RateLimitItem, kind: str, key: str) -> None:
        limiter = self._together
        try:
            is_allowed = await limiter.hit(limit, kind, key)
        except StorageError as error:
            log.warning("attempts_counted_alone", error=str(error.storage_error))
            limiter = self._alone
            is_allowed = await limiter.hit(limit, kind, key)
        if not is_allowed:
            stats = await limiter.get_window_stats(limit, kind, key)
            seconds = max(1, math.ceil(stats.reset_time - time.time()))
            message = f"too many attempts for this {kind}; wait {seconds} s"
            raise TooManyRequestsError("too-many-attempts", message, retry_after=seconds)
