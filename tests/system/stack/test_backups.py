"""Backup and restore of each store, with the servers only: pending events, dead letters, and the fallback file."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pymongo
import pytest
import redis

from cli.stack.layout import Layout
from cli.stack.running import SERVERS, _prepare_databases, running_stack
from cs2.messages import DEAD_EVENTS_STREAM, EVENT_FIELD, EVENTS_GROUP, EVENTS_STREAM

pytestmark = [pytest.mark.timeout(300)]


def cs2(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "500"}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words], capture_output=True, text=True, check=False, timeout=200, env=environment
    )


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        folder.chmod(0o755)  # when root runs the tests, PostgreSQL's user needs access
    return tmp_path


def fill(layout: Layout) -> None:
    _prepare_databases(layout, print)
    with psycopg.connect(layout.database("mlflow").replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE runs AS SELECT 7 AS number")
    with redis.Redis.from_url(layout.redis) as client:
        client.xgroup_create(EVENTS_STREAM, EVENTS_GROUP, id="0", mkstream=True)
        for number in range(3):
            client.xadd(EVENTS_STREAM, {EVENT_FIELD: f"event {number}"})
        client.xreadgroup(EVENTS_GROUP, "somebody", {EVENTS_STREAM: ">"}, count=1)
        client.xadd(DEAD_EVENTS_STREAM, {EVENT_FIELD: "dead", "reason": "no JSON"})
        client.set("passing", "1", ex=1000)
    with pymongo.MongoClient(layout.mongo) as mongo:
        mongo["cs2"]["forecasts"].insert_many([{"_id": str(number), "p": number / 3000} for number in range(2500)])
        mongo["cs2"]["erasures"].insert_one({"_id": 3})
    (layout.data / "mlflow" / "model.skops").write_bytes(b"model")
    (layout.data / "spool.jsonl").write_bytes(b"answered while Redis was away\n")


def assert_restored(layout: Layout) -> None:
    with psycopg.connect(layout.database("mlflow").replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT number FROM runs").fetchall() == [(7,)]
    with psycopg.connect(layout.database("cs2").replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchall() == [(0,)]
    with redis.Redis.from_url(layout.redis) as client:
        assert [fields[b"event"] for _, fields in client.xrange(EVENTS_STREAM)] == [b"event 0", b"event 1", b"event 2"]
        assert client.xpending(EVENTS_STREAM, EVENTS_GROUP)["pending"] == 1, "the delivered event is still pending"
        assert client.xlen(DEAD_EVENTS_STREAM) == 1
        assert not client.exists("passing")
    with pymongo.MongoClient(layout.mongo) as mongo:
        stored = {document["_id"]: document["p"] for document in mongo["cs2"]["forecasts"].find()}
        assert stored == {str(number): number / 3000 for number in range(2500)}
        assert mongo["cs2"]["erasures"].count_documents({}) == 1
    assert (layout.data / "mlflow" / "model.skops").read_bytes() == b"model"
    assert (layout.data / "spool.jsonl").read_bytes() == b"answered while Redis was away\n"


def test_every_store_is_restored(base: Path) -> None:
    file, first, second = base / "backup.tar.gz", base / "the first", base / "the second"
    with running_stack(first, stages=SERVERS) as stack:
        fill(stack.layout)
        completed = cs2("backup", str(file), "--data-dir", str(first))
        assert completed.returncode == 0, completed.stdout + completed.stderr
        second_backup = cs2("backup", str(file), "--data-dir", str(first))
        assert second_backup.returncode == 2
        assert "exists already" in second_backup.stderr
    completed = cs2("restore", str(file), "--data-dir", str(second))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    with running_stack(second, stages=SERVERS) as stack:
        assert_restored(stack.layout)


def test_a_backup_without_a_running_stack_is_an_error(base: Path) -> None:
    nothing = cs2("backup", str(base / "backup.tar.gz"), "--data-dir", str(base / "nothing"))
    assert nothing.returncode == 2
    assert "no stack was started" in nothing.stderr
    with running_stack(base / "stopped", stages=SERVERS):
        pass
    stopped = cs2("backup", str(base / "backup.tar.gz"), "--data-dir", str(base / "stopped"))
    assert stopped.returncode == 1
    assert "Traceback" not in stopped.stderr
    assert not (base / "backup.tar.gz").exists()
    assert [path.name for path in base.iterdir()] == ["stopped"]
