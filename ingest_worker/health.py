"""Whether a sink of this host is alive, for container engines: ``python -m ingest_worker.health``; status 0 or 1."""

import socket
import sys

from redis import Redis
from redis.exceptions import RedisError

from cs2.settings import get_settings
from ingest_worker.consumer import ALIVE_PREFIX, ALIVE_SECONDS


def problem(redis_url: str, host: str) -> str | None:
    """None where a sink of ``host`` took a turn within ``ALIVE_SECONDS``, else what is wrong."""
    try:
        with Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=5) as redis:
            if any(True for _ in redis.scan_iter(match=f"{ALIVE_PREFIX}{host}-*", count=1000)):
                return None
    except RedisError as error:
        return f"Redis does not answer: {error}"
    return f"no sink of {host} took a turn for {ALIVE_SECONDS} seconds"


if __name__ == "__main__":
    sys.exit(problem(get_settings().redis_url, socket.gethostname()))
