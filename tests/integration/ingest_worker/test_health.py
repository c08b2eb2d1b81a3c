"""Health check of the sink for container engines."""

from redis import Redis

from cli.stack.servers import free_port
from ingest_worker.consumer import ALIVE_PREFIX
from ingest_worker.health import problem


def test_a_working_sink_is_healthy(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.set(f"{ALIVE_PREFIX}this-host-7", "now", ex=60)
    assert problem(redis_url, "this-host") is None


def test_a_sink_of_another_host_does_not_count(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.set(f"{ALIVE_PREFIX}other-host-7", "now", ex=60)
    reason = problem(redis_url, "this-host")
    assert reason is not None
    assert "this-host" in reason


def test_an_unavailable_redis_is_the_reason() -> None:
    reason = problem(f"redis://127.0.0.1:{free_port()}/0", "this-host")
    assert reason is not None
    assert "Redis does not answer" in reason
