"""Health check for container engines: ``python -m ingest_worker.health`` exits with 0 if a sink of this host works."""

import socket
import sys

from redis import Redis
from redis.exceptions import RedisError

from cs2.settings import get_settings
from ingest_worker.consumer import ALIVE_PREFIX, ALIVE_SECONDS


def problem(redis_url: str, host: str) -> str | None:
    """Return None if a sink of ``host`` has worked within ``ALIVE_SECONDS``, else the problem."""
    try:
        with Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=5) as redis:
            if any(True for _ in redis.scan_iter(match=f"{ALIVE_PREFIX}{host}-*", count=1000)):
                return None
    except RedisError as error:
        return f"Redis does not answer: {error}"
    return f"no sink of {host} has worked for {ALIVE_SECONDS} seconds"


if __name__ == "__main__":
    sys.exit(problem(get_settings().redis_url, socket.gethostname()))
