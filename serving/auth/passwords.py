"""Password hashes: Argon2 in threads, so that hashing never blocks the event loop."""

from functools import cache

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

CONCURRENT_HASHES = 4  # each takes 64 MiB while it runs


@cache
def _dummy_hash() -> str:
    """Return a hash that no account has, for log-ins with an unknown name."""
    return PasswordHash((Argon2Hasher(),)).hash("no account has this password")


class Passwords:
    """Hashes and verifies passwords."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(),))
        self._limiter = CapacityLimiter(CONCURRENT_HASHES)
        _dummy_hash()  # now: the first log-in with an unknown name must not take longer than others

    async def hash(self, password: str) -> str:
        """Return the salted hash to store."""
        return await to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the password matches the stored hash.

        For an unknown user (None) it takes the same time and returns False.
        """
        is_right = await to_thread.run_sync(
            self._hasher.verify, password, stored or _dummy_hash(), limiter=self._limiter
        )
        return is_right and stored is not None
