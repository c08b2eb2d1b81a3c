"""``cs2 dead-letters`` on Valkey, and the sink that stores replayed letters."""

import json
from pathlib import Path
from typing import Any

import pymongo
import pytest
import redis
import redis.asyncio
from typer.testing import CliRunner

from cli.main import app
from cli.stack.servers import free_port
from cs2.messages import DEAD_EVENTS_STREAM, EVENTS_STREAM, FORECASTS_COLLECTION
from cs2.mongo_client import MongoClient
from ingest_worker.consumer import Consumer
from ingest_worker.store import MongoForecastStore
from tests.testkit.sink import forecast_event


@pytest.fixture
def stream(redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_REDIS_URL", redis_url)
    with redis.Redis.from_url(redis_url) as client:
        yield client


def dead(stream: Any, payload: bytes, reason: str = "MongoDB: refused") -> str:
    return str(stream.xadd(DEAD_EVENTS_STREAM, {"reason": reason, "entry_id": "1-1", "event": payload}).decode())


def dead_letters(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["dead-letters", *arguments])
    return result.exit_code, result.output


def test_an_empty_list_is_reported(stream: Any) -> None:
    assert dead_letters("list") == (0, "no dead letters\n")
    assert dead_letters("replay", "--all") == (0, "0 replayed, 0 stay\n")


def test_every_letter_is_listed_with_its_reasons(stream: Any) -> None:
    good, bad = (
        dead(stream, forecast_event()),
        dead(stream, forecast_event(latency_ms=-1), reason="latency_ms: too small"),
    )
    status, output = dead_letters("list", "--json")
    assert status == 0
    first, second = (json.loads(line) for line in output.splitlines())
    assert first == {"id": good, "reason": "MongoDB: refused", "wrong": None}
    assert (second["id"], second["reason"]) == (bad, "latency_ms: too small")
    assert "latency_ms" in second["wrong"]
    assert "can be replayed" in dead_letters("list")[1]


def test_more_letters_than_a_page_are_all_listed(stream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.dead_letters.PAGE", 3)
    ids = [dead(stream, forecast_event()) for _ in range(7)]
    _, output = dead_letters("list", "--json")
    assert [json.loads(line)["id"] for line in output.splitlines()] == ids


def test_a_letter_is_shown_with_its_event(stream: Any) -> None:
    status, output = dead_letters("show", dead(stream, b"\xff{"))
    assert status == 0
    assert "MongoDB: refused" in output
    assert "\\xff{" in output


async def test_the_sink_stores_replayed_letters(
    stream: Any, redis_url: str, mongo_url: str, mongo_database: str
) -> None:
    payloads = [forecast_event() for _ in range(3)]
    dead(stream, payloads[0])
    bad = dead(stream, b"{")
    dead(stream, payloads[1])
    stream.xadd(EVENTS_STREAM, {"event": payloads[1]})  # a duplicate of an event that is stored or pending
    status, output = dead_letters("replay", "--all")
    assert status == 0
    assert f"{bad} stays: " in output
    assert "2 replayed, 1 stay" in output
    ((remaining_id, _),) = stream.xrange(DEAD_EVENTS_STREAM)
    assert remaining_id.decode() == bad
    async with redis.asyncio.Redis.from_url(redis_url, socket_timeout=10) as client:
        store = MongoForecastStore(MongoClient, mongo_url, mongo_database)
        consumer = Consumer(client, store, "tester")
        await consumer.prepare()
        await consumer.step()
        await store.close()
    with pymongo.MongoClient(mongo_url) as mongo:
        stored_ids = {row["_id"] for row in mongo[mongo_database][FORECASTS_COLLECTION].find()}
        mongo.drop_database(mongo_database)
    assert stored_ids == {json.loads(payload)["event_id"] for payload in payloads[:2]}


def test_a_letter_is_replayed_once_by_its_id(stream: Any) -> None:
    chosen, other = dead(stream, forecast_event()), dead(stream, forecast_event())
    assert dead_letters("replay", chosen)[0] == 0
    status, output = dead_letters("replay", chosen)
    assert status == 2
    assert f"no dead letter {chosen}" in output
    assert stream.xlen(EVENTS_STREAM) == 1
    assert [key.decode() for key, _ in stream.xrange(DEAD_EVENTS_STREAM)] == [other]


def test_two_replays_at_once_move_a_letter_once(stream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = dead(stream, forecast_event())
    letters = stream.xrange(DEAD_EVENTS_STREAM)
    dead_letters("replay", chosen)
    monkeypatch.setattr("cli.dead_letters._letters_by_id", lambda *_: letters)  # read before the first replay moved it
    assert dead_letters("replay", chosen) == (0, "0 replayed, 0 stay\n")
    assert stream.xlen(EVENTS_STREAM) == 1


def test_an_invalid_letter_stays_with_status_1(stream: Any) -> None:
    bad = dead(stream, b"{")
    status, output = dead_letters("replay", bad)
    assert status == 1
    assert "JSON" in output
    assert stream.xlen(DEAD_EVENTS_STREAM) == 1


@pytest.mark.parametrize("arguments", [("replay",), ("replay", "--all", "1-1"), ("show", "1-1"), ("show", "no id")])
def test_wrong_input_is_reported(stream: Any, arguments: tuple[str, ...]) -> None:
    assert dead_letters(*arguments)[0] == 2


def test_an_unavailable_redis_is_reported_in_one_line(stream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_REDIS_URL", f"redis://:secret@127.0.0.1:{free_port()}/0")
    status, output = dead_letters("list")
    assert status == 1
    assert "does not answer" in output
    assert "secret" not in output
    assert "Traceback" not in output
