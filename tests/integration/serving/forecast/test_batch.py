"""``POST /forecast/batch`` answers like single calls, with one problem per invalid item and one event per answer."""

from typing import Any

import httpx
import pytest
import redis.asyncio

from cs2.messages import EVENTS_STREAM, ForecastEvent, parse_entry
from serving.forecast.batch_schemas import MAX_BATCH
from serving.forecast.service import CHUNK
from tests.testkit.published_models import Models
from tests.testkit.service import Running, Service

PATH = "/forecast/batch"


async def post_batch(service: Service, questions: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {service.token()}"}
    return await service.client.post(PATH, json={"forecasts": questions}, headers=headers)


async def events(redis_url: str) -> list[ForecastEvent]:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        entries: Any = await client.xrange(EVENTS_STREAM)
    return [ForecastEvent.model_validate_json(event) for _, fields in entries for event in parse_entry(fields)]


async def test_a_call_without_a_token_is_refused(service: Service) -> None:
    response = await service.client.post(PATH, json={"forecasts": [service.league.question()]})
    assert response.status_code == 401


async def test_invalid_items_have_their_problem_in_place(service: Service, redis_url: str) -> None:
    good = service.league.question()
    questions = [
        good,
        {**good, "team2_id": 999_999},
        "not even an object",
        {**good, "map_id": "Nuke"},
        {"map": "nuke", "team1": "vitality", "team2": "furia"},
        {},
    ]
    response = await post_batch(service, questions)
    assert response.status_code == 200, response.text
    results = response.json()["results"]
    assert [result["forecast"] is not None for result in results] == [True, False, False, False, True, False]
    assert [result["problem"] is None for result in results] == [True, False, False, False, True, False]
    problems = [result["problem"] for result in results if result["problem"]]
    assert [(problem["status"], problem["errors"][0]["field"]) for problem in problems] == [
        (422, "team2_id"),
        (422, "body"),
        (422, "map_id"),
        (422, "map_id"),
    ]
    stored = await events(redis_url)
    answered = [result["forecast"]["forecast_id"] for result in results if result["forecast"]]
    assert [event.event_id for event in stored] == answered
    assert {event.batch_id for event in stored} == {response.json()["batch_id"]}


async def test_each_forecast_equals_the_one_of_a_single_call(service: Service) -> None:
    one, two = service.league.lineups
    mixed = [*one[:3], *two[3:]]
    questions = [
        service.league.question(),
        service.league.question(team1_id=service.league.teams[1], team2_id=service.league.teams[0]),
        service.league.question(team2_id=service.league.lonely),
        service.league.question(team1_player_ids=mixed, team2_id=service.league.lonely),
        service.league.question(played_on="2026-03-01"),
    ] * 50
    results = (await post_batch(service, questions)).json()["results"]
    alone = [
        (
            await service.client.post("/forecast/get_team1_win_probability", json=question, headers=_token(service))
        ).json()
        for question in questions[:5]
    ]
    for place, result in enumerate(results):
        forecast, expected = result["forecast"], alone[place % 5]
        assert {**forecast, "forecast_id": ""} == {**expected, "forecast_id": ""}, "the probabilities are bit-identical"


def _token(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.token()}"}


@pytest.mark.parametrize("number", [0, MAX_BATCH + 1])
async def test_the_number_of_items_is_limited(service: Service, number: int) -> None:
    response = await post_batch(service, [service.league.question()] * number)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "forecasts"


async def test_a_full_batch_fits_and_a_larger_body_does_not(service: Service) -> None:
    one, two = service.league.lineups
    question = service.league.question(team1_player_ids=one, team2_player_ids=two, played_on="2026-01-24")
    response = await post_batch(service, [question] * MAX_BATCH)
    assert response.status_code == 200
    assert len({result["forecast"]["forecast_id"] for result in response.json()["results"]}) == MAX_BATCH
    response = await service.client.post(PATH, content=b" " * (1024 * 1024 + 1))
    assert response.status_code == 413


async def test_only_stored_forecasts_are_answered(
    running: Running, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.publish()
    async with running(redis_url="redis://127.0.0.1:1/0") as service:  # down, so the fallback file stores the events
        fallback_file = service.services.events._fallback_file
        monkeypatch.setattr(fallback_file, "_max_bytes", 200 * 1024)  # the file has room for one chunk
        results = (await post_batch(service, [service.league.question()] * (2 * CHUNK))).json()["results"]
        in_file = fallback_file.read(10**6)
    assert [result["forecast"] is None for result in results] == [False] * CHUNK + [True] * CHUNK
    assert {result["problem"]["status"] for result in results[CHUNK:]} == {503}
    answered = [result["forecast"]["forecast_id"] for result in results[:CHUNK]]
    assert [ForecastEvent.model_validate_json(event).event_id for event in in_file] == answered


async def test_without_a_champion_the_call_is_refused(running: Running) -> None:
    async with running() as service:
        response = await post_batch(service, [service.league.question()])
        assert (response.status_code, response.json()["type"]) == (503, "urn:cs2-forecast:problem:no-model")
