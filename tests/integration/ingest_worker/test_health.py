"""What a container engine is told about the sink."""

from redis import Redis

from cli.stack.servers import free_port
from ingest_worker.consumer import ALIVE_PREFIX
from ingest_worker.health import problem


def test_a_sink_that_took_a_turn_is_well(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.set(f"{ALIVE_PREFIX}this-host-7", "now", ex=60)
    assert problem(redis_url, "this-host") is None


def test_a_sink_of_another_host_says_nothing_about_this_one(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.set(f"{ALIVE_PREFIX}other-host-7", "now", ex=60)
    found = problem(redis_url, "this-host")
    assert found is not None
    assert "this-host" in found


def test_a_redis_that_is_away_is_named_as_the_reason() -> None:
    found = problem(f"redis://127.0.0.1:{free_port()}/0", "this-host")
    assert found is not None
    assert "Redis does not answer" in found
