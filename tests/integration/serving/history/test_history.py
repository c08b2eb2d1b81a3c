"""The history over HTTP with the real sink: read, explain, list and anonymise forecasts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pymongo
import pytest
import redis.asyncio
from uuid_utils import uuid7

from cs2.forecasting.probability import sigmoid
from cs2.messages import (
    EVENT_FIELD,
    EVENTS_STREAM,
    FORECASTS_COLLECTION,
    OUTCOMES_COLLECTION,
    ForecastOutcome,
    outcome_document,
)
from tests.testkit.accounts import users
from tests.testkit.published_models import Models
from tests.testkit.service import Running, Service
from tests.testkit.sink import Sink

UNKNOWN_ID = "7f0e4b1c-0d2a-4c53-9e6b-2a8d3f5c7e91"


@pytest.fixture
def collection(mongo_url: str, mongo_database: str) -> Any:
    with pymongo.MongoClient(mongo_url) as client:
        yield client[mongo_database][FORECASTS_COLLECTION]
        client.drop_database(mongo_database)


async def request_forecast(service: Service, user_id: int, **changes: Any) -> dict[str, Any]:
    path = "/forecast/get_team1_win_probability"
    answer = await service.call("POST", path, user_id=user_id, json=service.league.question(**changes))
    return dict(answer.json())


async def history(service: Service, user_id: int, **parameters: Any) -> list[str]:
    response = await service.call("GET", "/forecast/history", user_id=user_id, params=parameters)
    assert response.status_code == 200, response.text
    return [item["forecast_id"] for item in response.json()["items"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/forecast/history"), ("DELETE", "/forecast/history"), ("GET", f"/forecast/{UNKNOWN_ID}")],
)
async def test_the_history_needs_a_token(service: Service, method: str, path: str) -> None:
    assert (await service.client.request(method, path)).status_code == 401


async def test_a_stored_forecast_has_reasons_that_add_up(service: Service, sink: Sink, collection: Any) -> None:
    answer = await request_forecast(service, 1)
    path = f"/forecast/{answer['forecast_id']}"
    waiting = await service.call("GET", path)
    assert (waiting.status_code, waiting.headers["retry-after"]) == (202, "1")
    assert waiting.json() == {"forecast_id": answer["forecast_id"], "status": "on its way"}
    assert await sink() == 1
    stored = (await service.call("GET", path)).json()
    assert stored["answer"] == answer
    assert (stored["kind"], stored["user_id"], stored["batch_id"]) == ("map", 1, None)
    explanation = stored["explanation"]
    added = [reason["log_odds"] for reason in explanation["reasons"]]
    assert float(sigmoid(sum(added))) == pytest.approx(answer["team1_win_probability"], abs=1e-12)
    assert explanation["probability"] == pytest.approx(answer["team1_win_probability"], abs=1e-12)
    assert explanation["about"] == "Nuke"
    assert [abs(one) for one in added] == sorted((abs(one) for one in added), reverse=True)
    strongest = explanation["reasons"][0]
    assert strongest["favours"] == "Vitality"
    assert strongest["text"].endswith("points for Vitality")
    assert strongest["without_it"] < answer["team1_win_probability"]


async def test_a_forecast_has_its_outcome_once_it_is_known(service: Service, sink: Sink, collection: Any) -> None:
    scored_id, unscored_id = [(await request_forecast(service, 1))["forecast_id"] for _ in range(2)]
    await sink()
    assert (await service.call("GET", f"/forecast/{scored_id}")).json()["outcome"] is None
    outcome = ForecastOutcome(
        forecast_id=scored_id,
        winner=2,
        played_on=date(2026, 1, 5),
        tier="others",
        baselines={"team_elo": 0.6, "player_elo": 0.4},
        judged_at=datetime.now(UTC),
    )
    collection.database[OUTCOMES_COLLECTION].insert_one(outcome_document(outcome))
    expected = outcome.model_dump(mode="json", exclude={"forecast_id", "judged_at"})
    assert (await service.call("GET", f"/forecast/{scored_id}")).json()["outcome"] == expected
    items = (await service.call("GET", "/forecast/history")).json()["items"]
    assert {item["forecast_id"]: item["outcome"] for item in items} == {scored_id: expected, unscored_id: None}


async def test_a_series_and_a_batch_are_in_the_history_too(service: Service, sink: Sink, collection: Any) -> None:
    series = (await service.call("POST", "/forecast/series", json={"team1": "Vitality", "team2": "FURIA"})).json()
    batch = (await service.call("POST", "/forecast/batch", json={"forecasts": [service.league.question()] * 2})).json()
    await sink()
    stored = (await service.call("GET", f"/forecast/{series['forecast_id']}")).json()
    assert (stored["kind"], stored["answer"]) == ("series", series)
    assert stored["explanation"]["about"] == "a map of the series"
    of_batch = [result["forecast"]["forecast_id"] for result in batch["results"]]
    assert await history(service, 1) == [*reversed(of_batch), series["forecast_id"]]
    assert collection.count_documents({"batch_id": batch["batch_id"]}) == 2


async def test_only_admins_see_the_forecasts_of_other_users(service: Service, sink: Sink, collection: Any) -> None:
    owner, other, admin = await users(service, "user", "user", "admin")
    forecast_id = (await request_forecast(service, owner))["forecast_id"]
    for stored in (False, True):
        statuses = [
            (await service.call("GET", f"/forecast/{forecast_id}", user_id=user)).status_code
            for user in (owner, other, admin)
        ]
        assert statuses == ([200, 404, 200] if stored else [202, 404, 202])
        await sink()
    assert await history(service, owner) == [forecast_id]
    assert await history(service, other) == []
    assert await history(service, admin) == []
    assert await history(service, admin, everybody=True) == [forecast_id]
    refused = await service.call("GET", "/forecast/history", user_id=other, params={"everybody": True})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:cs2-forecast:problem:not-an-admin")


async def test_the_history_is_filtered_and_paged(service: Service, sink: Sink, collection: Any) -> None:
    one, two = service.league.teams
    lonely = service.league.lonely
    mirage = service.league.nuke + 1
    forecast_ids = [
        (await request_forecast(service, 1))["forecast_id"],
        (await request_forecast(service, 1, team2_id=lonely))["forecast_id"],
        (await request_forecast(service, 1, map_id=mirage))["forecast_id"],
        (await request_forecast(service, 1, team1_id=two, team2_id=lonely))["forecast_id"],
    ]
    await sink()
    newest = forecast_ids[::-1]
    assert await history(service, 1) == newest
    assert await history(service, 1, team_id=one) == [forecast_ids[2], forecast_ids[1], forecast_ids[0]]
    assert await history(service, 1, team_id=lonely) == [forecast_ids[3], forecast_ids[1]]
    assert await history(service, 1, map_id=mirage) == [forecast_ids[2]]
    assert await history(service, 1, map_id=mirage, team_id=lonely) == []
    assert await history(service, 1, model_version=999) == []
    now = datetime.now(UTC).date()
    assert await history(service, 1, first_day=now - timedelta(days=1), last_day=now) == newest
    assert await history(service, 1, last_day=now - timedelta(days=2)) == []
    assert await history(service, 1, first_day=now + timedelta(days=2)) == []
    paged, before = [], {}
    while True:
        page = (await service.call("GET", "/forecast/history", params={"limit": 3, **before})).json()
        paged += [item["forecast_id"] for item in page["items"]]
        if page["next_before"] is None:
            break
        before = {"before": page["next_before"]}
    assert paged == newest


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"limit": 0}, "limit"), ({"before": "x"}, "before"), ({"first_day": "soon"}, "first_day"), ({"user": 2}, "user")],
)
async def test_a_wrong_parameter_is_named(service: Service, parameters: dict[str, Any], field: str) -> None:
    response = await service.call("GET", "/forecast/history", params=parameters)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


async def test_an_unknown_forecast_is_not_found(service: Service, collection: Any) -> None:
    for forecast_id in (UNKNOWN_ID, str(uuid7())):
        response = await service.call("GET", f"/forecast/{forecast_id}")
        assert (response.status_code, response.json()["type"]) == (404, "urn:cs2-forecast:problem:unknown-forecast")
    assert (await service.call("GET", "/forecast/nonsense")).status_code == 422


async def test_stored_and_pending_forecasts_are_anonymised(service: Service, sink: Sink, collection: Any) -> None:
    owner, other = await users(service, "user", "user")
    stored = (await request_forecast(service, owner))["forecast_id"]
    others = (await request_forecast(service, other))["forecast_id"]
    await sink()
    late = (await request_forecast(service, owner))["forecast_id"]
    assert (await service.call("DELETE", "/forecast/history", user_id=owner)).status_code == 204
    await sink()
    afterwards = (await request_forecast(service, owner))["forecast_id"]
    await sink()
    owners = {row["_id"]: row["user_id"] for row in collection.find()}
    assert owners == {stored: None, late: None, others: other, afterwards: owner}
    assert await history(service, owner) == [afterwards]
    assert (await service.call("GET", f"/forecast/{stored}", user_id=owner)).status_code == 404


async def test_a_duplicate_event_stays_anonymous(service: Service, sink: Sink, collection: Any, redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as stream:
        forecast_id = (await request_forecast(service, 1))["forecast_id"]
        ((_, fields),) = await stream.xrange(EVENTS_STREAM)
        await sink()
        await service.call("DELETE", "/forecast/history")
        await stream.xadd(EVENTS_STREAM, {EVENT_FIELD: fields[EVENT_FIELD]})
        await sink()
    assert collection.find_one({"_id": forecast_id})["user_id"] is None


async def test_pending_forecasts_are_found_without_mongodb(running: Running, models: Models, redis_url: str) -> None:
    models.publish()
    async with running(mongo_url="mongodb://127.0.0.1:1/?directConnection=true") as service:
        answer = await request_forecast(service, 1)
        assert (await service.call("GET", f"/forecast/{answer['forecast_id']}")).status_code == 202
        for method, path in (
            ("GET", f"/forecast/{uuid7()}"),
            ("GET", "/forecast/history"),
            ("DELETE", "/forecast/history"),
        ):
            response = await service.call(method, path)
            assert (response.status_code, response.json()["type"]) == (
                503,
                "urn:cs2-forecast:problem:history-unavailable",
            )
            assert response.headers["retry-after"]


async def test_forecasts_in_the_fallback_file_are_found(running: Running, models: Models, mongo_url: str) -> None:
    models.publish()
    async with running(redis_url="redis://127.0.0.1:1/0") as service:
        answers = [await request_forecast(service, 1) for _ in range(3)]
        for answer in answers:
            assert (await service.call("GET", f"/forecast/{answer['forecast_id']}")).status_code == 202
        assert (await service.call("GET", f"/forecast/{uuid7()}")).status_code == 404
