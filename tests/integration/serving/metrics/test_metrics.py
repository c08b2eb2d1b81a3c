"""``GET /metrics``, and request ids."""

import asyncio
import json
import re
from collections.abc import Iterator

import pymongo
import pytest
import redis
import redis.asyncio
from prometheus_client.parser import text_string_to_metric_families

from cs2.messages import DEAD_EVENTS_STREAM, EVENTS_STREAM, parse_entry
from cs2.settings import Settings
from tests.testkit.published_models import Models
from tests.testkit.service import Running, Service

FORECAST = "/forecast/get_team1_win_probability"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(service: Service) -> Samples:
    """Read the metrics without a token, by name and labels."""
    answer = await service.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


async def test_forecasts_are_counted_by_map_kind_and_probability(service: Service) -> None:
    answer = (await service.forecast()).json()
    await service.call("POST", "/forecast/batch", json={"forecasts": [service.league.question()] * 3 + [{}]})
    sides = {"team1_id": service.league.teams[0], "team2_id": service.league.teams[1]}
    assert (await service.call("POST", "/forecast/series", json={**sides, "best_of": 3})).status_code == 200
    samples = await scraped(service)
    count = "cs2_forecast_probability_count"
    assert value(samples, count, kind="map", map="Nuke") == 4, "one forecast and three of the batch, no refused item"
    assert value(samples, count, kind="series", map="") == 1
    bound = next(tenth / 10 for tenth in range(1, 11) if answer["team1_win_probability"] <= tenth / 10)
    below = value(samples, "cs2_forecast_probability_bucket", kind="map", map="Nuke", le=str(round(bound - 0.1, 1)))
    assert below == 0
    assert value(samples, "cs2_forecast_probability_bucket", kind="map", map="Nuke", le=str(bound)) == 4


async def test_requests_are_counted_by_route_template(service: Service) -> None:
    for path in ("/teams/1", "/teams/999999", "/wp-login.php", "/etc/passwd"):
        await service.get(path)
    for method in ("BREW", "STEAL"):
        await service.client.request(method, "/nothing")
    await service.forecast()
    await service.forecast(map_id=999)
    samples = await scraped(service)
    count = "cs2_http_request_seconds_count"
    assert value(samples, count, method="GET", route="/teams/{team_id}", status="200") == 1
    assert value(samples, count, method="GET", route="/teams/{team_id}", status="404") == 1
    assert value(samples, count, method="GET", route="unmatched", status="404") == 2
    assert value(samples, count, method="other", route="unmatched", status="404") == 2
    assert value(samples, count, method="POST", route=FORECAST, status="200") == 1
    assert value(samples, count, method="POST", route=FORECAST, status="422") == 1
    text = str(samples)
    assert "passwd" not in text
    assert "BREW" not in text


async def test_metrics_show_served_versions_and_pending_events(
    service: Service, models: Models, settings: Settings
) -> None:
    await service.forecast()
    with redis.Redis.from_url(settings.redis_url) as client:
        client.xadd(DEAD_EVENTS_STREAM, {"reason": "tried"})
        before = await scraped(service)
        assert value(before, "cs2_stream_entries") == client.xlen(EVENTS_STREAM) == 1
    assert value(before, "cs2_dead_letters") == 1
    assert value(before, "cs2_model_version") == 1
    assert value(before, "cs2_model_age_days") == value(before, "cs2_ratings_age_days") == 5
    assert value(before, "cs2_spool_bytes") == 0
    assert value(before, "cs2_ready") == 1
    assert value(before, "cs2_component_well", component="redis") == 1
    assert value(before, "cs2_task_restarts_total", task="history") == 0
    await asyncio.to_thread(models.publish, seed=1)
    await service.services.refresher.refresh()
    await asyncio.to_thread(models.publish, seed=2, sha256="0" * 64)
    await service.services.refresher.refresh()
    await service.services.refresher.refresh()
    after = await scraped(service)
    assert value(after, "cs2_model_version") == 2
    assert value(after, "cs2_swaps_total", part="model") == 2
    assert value(after, "cs2_refusals_total", part="model") == 1, (
        "a refused model counts once, however often the service reads it"
    )
    assert value(after, "cs2_component_well", component="model") == 0


async def test_metrics_work_without_redis(running: Running, models: Models) -> None:
    from cli.stack.servers import free_port

    models.publish()
    async with running(redis_url=f"redis://127.0.0.1:{free_port()}/0") as service:
        assert (await service.forecast()).status_code == 200
        samples = await scraped(service)
    assert value(samples, "cs2_spool_bytes")
    assert value(samples, "cs2_component_well", component="redis") == 0
    assert value(samples, "cs2_stream_entries") is None


@pytest.mark.parametrize("given", ["abc-123_4.5", "x" * 64])
async def test_a_request_keeps_its_id_into_the_event(service: Service, settings: Settings, given: str) -> None:
    headers = {"Authorization": f"Bearer {service.token()}", "X-Request-ID": given}
    answers = [await service.client.post(FORECAST, json=service.league.question(), headers=headers)]
    batch = {"forecasts": [service.league.question()]}
    answers.append(await service.client.post("/forecast/batch", json=batch, headers=headers))
    sides = {"team1_id": service.league.teams[0], "team2_id": service.league.teams[1]}
    answers.append(await service.client.post("/forecast/series", json={**sides, "best_of": 1}, headers=headers))
    assert [answer.headers["x-request-id"] for answer in answers] == [given] * 3
    with redis.Redis.from_url(settings.redis_url) as client:
        events = [json.loads(event) for _, fields in client.xrange(EVENTS_STREAM) for event in parse_entry(fields)]
    assert [event["request_id"] for event in events] == [given] * 3


async def test_concurrent_requests_keep_their_own_ids(service: Service, settings: Settings) -> None:
    async def send_request(number: int) -> tuple[str, str]:
        headers = {"Authorization": f"Bearer {service.token()}", "X-Request-ID": f"number-{number}"}
        answer = await service.client.post(FORECAST, json=service.league.question(), headers=headers)
        return answer.json()["forecast_id"], answer.headers["x-request-id"]

    answers = dict(await asyncio.gather(*(send_request(number) for number in range(20))))
    with redis.Redis.from_url(settings.redis_url) as client:
        events = [json.loads(event) for _, fields in client.xrange(EVENTS_STREAM) for event in parse_entry(fields)]
    assert {event["event_id"]: event["request_id"] for event in events} == answers


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "a\x1b[31mb", "ü"])
async def test_an_invalid_request_id_is_replaced(service: Service, given: str) -> None:
    headers = [(b"x-request-id", given.encode())]
    answer = await service.client.get("/health/live", headers=headers)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_errors_carry_a_request_id_and_are_logged_with_it(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    refused = await service.client.post(FORECAST, json=service.league.question())
    assert refused.status_code == 401
    await service.forecast()
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines() if '"event": "request"' in text]
    assert line["request_id"] == refused.headers["x-request-id"]
    assert (line["status"], line["route"], line["method"]) == (401, FORECAST, "POST")


@pytest.fixture
def stored(settings: Settings) -> Iterator[pymongo.database.Database[dict[str, object]]]:
    with pymongo.MongoClient[dict[str, object]](settings.mongo_url) as client:
        yield client[settings.mongo_database]


async def test_the_id_is_stored_with_the_forecast(
    service: Service, settings: Settings, stored: pymongo.database.Database[dict[str, object]]
) -> None:
    from cs2.messages import FORECASTS_COLLECTION
    from cs2.mongo_client import MongoClient
    from ingest_worker.consumer import Consumer
    from ingest_worker.store import MongoForecastStore

    answer = await service.forecast()
    store = MongoForecastStore(MongoClient, settings.mongo_url, settings.mongo_database)
    async with redis.asyncio.Redis.from_url(settings.redis_url, socket_timeout=10) as client:
        consumer = Consumer(client, store, "tester")
        await consumer.prepare()
        await consumer.step()
    await store.close()
    document = stored[FORECASTS_COLLECTION].find_one({"_id": answer.json()["forecast_id"]})
    assert document is not None
    assert document["request_id"] == answer.headers["x-request-id"]
