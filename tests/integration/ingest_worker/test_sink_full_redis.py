"""A Redis whose memory is full after a long MongoDB outage rejects events until the sink empties it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest
import redis

from cli.stack import servers
from cli.stack.temporary import wait_until_healthy
from cs2.messages import EVENT_FIELD, EVENTS_GROUP, EVENTS_STREAM, FORECASTS_COLLECTION
from tests.testkit.sink import forecast_event

pytestmark = pytest.mark.timeout(180)


def count_problem(expected: int, actual: int) -> str | None:
    return None if actual == expected else f"{actual} instead of {expected}"


@pytest.fixture
def small_redis(tmp_path: Path) -> Iterator[str]:
    """Start a server with the deployed policy and little memory."""
    port = servers.free_port()
    command = servers.valkey_command(port, tmp_path)
    command += ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until_healthy(lambda: servers.redis_check(url), "Valkey")
        yield url
    finally:
        child.kill()
        child.wait(10)


def fill(client: redis.Redis) -> int:
    for n_events in range(100_000):
        try:
            client.xadd(EVENTS_STREAM, {EVENT_FIELD: forecast_event()})
        except redis.exceptions.OutOfMemoryError:
            return n_events
    pytest.fail("it never refused")


def test_the_sink_empties_a_full_redis_without_loss(small_redis: str, mongo_url: str, mongo_database: str) -> None:
    with redis.Redis.from_url(small_redis) as client:
        client.xgroup_create(EVENTS_STREAM, EVENTS_GROUP, id="0", mkstream=True)
        n_events = fill(client)
        environment = {"CS2_REDIS_URL": small_redis, "CS2_MONGO_URL": mongo_url, "CS2_MONGO_DATABASE": mongo_database}
        sink = subprocess.Popen([sys.executable, "-m", "ingest_worker"], env={**os.environ, **environment})
        try:
            with pymongo.MongoClient(mongo_url) as mongo:
                stored = mongo[mongo_database][FORECASTS_COLLECTION]
                wait_until_healthy(lambda: count_problem(n_events, stored.count_documents({})), "the history")
                wait_until_healthy(lambda: count_problem(0, client.xlen(EVENTS_STREAM)), "the stream")
                mongo.drop_database(mongo_database)
            assert client.xadd(EVENTS_STREAM, {EVENT_FIELD: forecast_event()}), "Redis accepts events again"
        finally:
            sink.send_signal(signal.SIGTERM)
            assert sink.wait(30) == 0
