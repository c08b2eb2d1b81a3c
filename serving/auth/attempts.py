"""Limit password attempts per account and per address; Redis counts for all processes.

The limits are the settings ``login_attempts_per_minute`` and ``login_attempts_per_address_per_minute``.
"""

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
    """Counts attempts in windows of one minute. While Redis is unavailable, each process counts on its own."""

    def __init__(self, redis: Redis, *, per_account: int, per_address: int) -> None:
        """Set the limits.

        Args:
            redis: Holds the counts that all processes share.
            per_account: Attempts on one account in a minute.
            per_address: Attempts from one address in a minute.
        """
        # The keys of the windows expire without further commands.
        pool: Any = redis.connection_pool
        storage = RedisStorage("async+redis://", wrap_exceptions=True, implementation="redispy", connection_pool=pool)
        self._shared = FixedWindowRateLimiter(storage)
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._per_account = RateLimitItemPerMinute(per_account)
        self._per_address = RateLimitItemPerMinute(per_address)

    async def count(self, *, address: str, account: str | None = None) -> None:
        """Count one attempt.

        Args:
            address: Address of the client.
            account: Name or id of the account whose password is tried; None for a registration.

        Raises:
            TooManyRequestsError: If there were too many: the password must not be checked.
        """
        await self._hit(self._per_address, "address", address)
        if account is not None:
            await self._hit(self._per_account, "account", account)

    async def _hit(self, limit: RateLimitItem, kind: str, key: str) -> None:
        limiter = self._shared
        try:
            is_allowed = await limiter.hit(limit, kind, key)
        except StorageError as error:
            log.warning("attempts_counted_locally", error=str(error.storage_error))
            limiter = self._local
            is_allowed = await limiter.hit(limit, kind, key)
        if not is_allowed:
            stats = await limiter.get_window_stats(limit, kind, key)
            seconds = max(1, math.ceil(stats.reset_time - time.time()))
            if seconds > limit.get_expiry() + 1:  # the clock was set back: the window would last until it catches up
                await limiter.clear(limit, kind, key)
                await limiter.hit(limit, kind, key)
                return
            message = f"too many attempts for this {kind}; wait {seconds} s"
            raise TooManyRequestsError("too-many-attempts", message, retry_after=seconds)
