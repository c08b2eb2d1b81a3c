"""Matches to come over HTTP, with the forecasts that the pipelines made of them."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
import redis.asyncio
from sqlalchemy.orm import Session

from cs2.contracts import ANY_EVENT, EVENT_FIELD, EVENTS_STREAM
from cs2.settings import get_settings
from cs2.storage.engine import make_engine
from cs2.storage.tables import Fixture, FixtureForecast, Map
from pipelines.defs.fixtures.assets import fixture_forecasts
from pipelines.mlflow_tracking import Mlflow
from pipelines.resources import Announcer, Database
from tests.serving.conftest import TODAY, League, Models, Service
from tests.serving.test_warnings import ratings_with_pool

NOW = datetime.combine(TODAY, datetime.max.time(), UTC).replace(microsecond=0)


@pytest.fixture
def announce(postgres_url: str, league: League) -> Iterator[Callable[..., None]]:
    """Stores a fixture that starts so many hours from now."""
    engine = make_engine(postgres_url)

    def announce(number: int, hours: float, **changes: Any) -> None:
        facts: dict[str, Any] = {
            "natural_key": f"archive:{number}",
            "source": "archive",
            "start_time": NOW + timedelta(hours=hours),
            "event": "Cup",
            "best_of": 3,
            "team1_id": league.teams[0],
            "team2_id": league.teams[1],
            "team1_name": "Vitality",
            "team2_name": "FURIA",
        }
        with Session(engine) as session, session.begin():
            session.merge(Fixture(id=number, **{**facts, **changes}))

    yield announce
    engine.dispose()


@pytest.fixture
def forecast(
    postgres_url: str, mlflow_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Materializes the automatic forecasts."""
    monkeypatch.setenv("CS2_TODAY", TODAY.isoformat())
    get_settings.cache_clear()
    resources = {
        "database": Database(url=postgres_url),
        "mlflow": Mlflow(url=mlflow_url),
        "announcer": Announcer(url=redis_url),
    }

    def run() -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            assert dg.materialize([fixture_forecasts], instance=instance, resources=resources).success

    yield run
    get_settings.cache_clear()


async def test_nobody_without_a_token_sees_them(service: Service) -> None:
    assert (await service.client.get("/fixtures")).status_code == 401


async def test_the_automatic_forecast_is_what_the_service_would_have_answered(
    service: Service, announce: Any, forecast: Any, redis_url: str
) -> None:
    announce(1, 18)
    announce(2, 19, best_of=5, team2_id=service.league.lonely)
    await asyncio.to_thread(forecast)
    async with redis.asyncio.Redis.from_url(redis_url) as stream:
        entries: Any = await stream.xrange(EVENTS_STREAM)
        events = {event.fixture_id: event for event in (ANY_EVENT.validate_json(f[EVENT_FIELD]) for _, f in entries)}
        for number in (1, 2):
            asked = events[number].request.model_dump(mode="json", exclude_none=True)
            answered = (await service.call("POST", "/forecast/series", json=asked)).json()
            ours = events[number].response.model_dump(mode="json")
            assert {**ours, "forecast_id": None} == {**answered, "forecast_id": None}
            path = f"/forecast/{events[number].event_id}"
            assert (await service.call("GET", path, user_id=2)).status_code == 202  # everybody may see it
        (event,) = [event for _, event in (await stream.xrange(EVENTS_STREAM))[2:3]]
        asked_for = ANY_EVENT.validate_json(event[EVENT_FIELD])
    assert events[1].contributions == asked_for.contributions


async def test_no_automatic_forecast_is_on_a_map_that_an_admin_retired(
    service: Service, models: Models, announce: Any, forecast: Any, redis_url: str, postgres_url: str
) -> None:
    models.publish_ratings(ratings_with_pool(service.league, 50, 50))
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        session.get_one(Map, service.league.nuke).retired = True
    engine.dispose()
    announce(1, 18, best_of=1)
    await asyncio.to_thread(forecast)
    async with redis.asyncio.Redis.from_url(redis_url) as stream:
        ((_, fields),) = await stream.xrange(EVENTS_STREAM)
    answer: Any = ANY_EVENT.validate_json(fields[EVENT_FIELD]).response
    assert [one.map.name for one in answer.maps] == ["Mirage"]


async def test_what_has_not_begun_is_listed_with_its_newest_forecast(
    service: Service, announce: Any, forecast: Any, postgres_url: str
) -> None:
    announce(1, 18)
    announce(2, -1)  # has begun
    announce(3, 24 * 8)  # too far for a forecast
    await asyncio.to_thread(forecast)
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        made = session.query(FixtureForecast).one()
        copied = {name: getattr(made, name) for name in FixtureForecast.__mapper__.columns.keys()}  # noqa: SIM118 - no mapping
        older = {"event_id": "0", "occurred_at": NOW - timedelta(days=1), "snapshot_id": made.snapshot_id}
        session.add(FixtureForecast(**{**copied, **older, "played_on": TODAY, "team1_win_probability": 0.1}))
    engine.dispose()
    page = (await service.get("/fixtures")).json()
    assert [(one["id"], one["start_time"]) for one in page["items"]] == [
        (1, (NOW + timedelta(hours=18)).strftime("%Y-%m-%dT%H:%M:%SZ")),
        (3, (NOW + timedelta(days=8)).strftime("%Y-%m-%dT%H:%M:%SZ")),
    ]
    first = page["items"][0]
    assert (first["team1"]["name"], first["team2"]["name"], first["best_of"]) == ("Vitality", "FURIA", 3)
    assert first["forecast"]["forecast_id"] == copied["event_id"]
    assert first["forecast"]["team1_win_probability"] == copied["team1_win_probability"]
    assert page["items"][1]["forecast"] is None
    announce(1, 18, team2_id=service.league.lonely)  # corrected: what was forecast was another match
    assert (await service.get("/fixtures")).json()["items"][0]["forecast"] is None


async def test_they_are_paged_in_the_order_of_their_starts_and_found_by_team(service: Service, announce: Any) -> None:
    starts = {5: 10, 1: 20, 4: 20, 3: 30, 2: 40}
    for number, hours in starts.items():
        announce(number, hours, **({"team2_id": service.league.lonely} if number in (4, 2) else {}))
    seen, after = [], None
    while True:
        page = (await service.get("/fixtures", limit=2, **({"after": after} if after else {}))).json()
        seen += [one["id"] for one in page["items"]]
        after = page["next_after"]
        if after is None:
            break
    assert seen == [5, 1, 4, 3, 2]
    of_team = (await service.get("/fixtures", team_id=service.league.lonely)).json()["items"]
    assert [one["id"] for one in of_team] == [4, 2]
    unknown = await service.get("/fixtures", after=99)
    assert (unknown.status_code, unknown.json()["type"]) == (422, "urn:cs2-forecast:problem:unknown-fixture")
