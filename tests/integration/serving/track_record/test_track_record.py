"""The public track record counts every match once and is read once a minute."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import log
from types import SimpleNamespace
from typing import Any

import pymongo
import pytest
from sqlalchemy import Row
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from cs2.messages import OUTCOMES_COLLECTION
from cs2.storage.engine import make_engine
from cs2.storage.tables import Fixture, FixtureForecast
from serving.errors import UnavailableError
from serving.track_record.service import FRESH_SECONDS, TrackRecordCache
from tests.testkit.published_models import Models
from tests.testkit.service import Running, Service
from tests.testkit.toy_league import TODAY, League

NOW = datetime.combine(TODAY, datetime.max.time(), UTC).replace(microsecond=0)


class Past:
    """Writer of fixtures, automatic forecasts and results."""

    def __init__(self, session: Session, outcomes: Any, league: League, version: int) -> None:
        self.session = session
        self.outcomes = outcomes
        self.league = league
        self.version = version

    def forecast(self, fixture_id: int, probability: float, *, start: float, made: float | None = None) -> str:
        """Store a forecast of a match that starts in ``start`` days, made a day before it or at ``made``."""
        event_id = str(uuid7())
        begins = NOW + timedelta(days=start)
        self.session.add(
            FixtureForecast(
                event_id=event_id,
                fixture_id=fixture_id,
                team1_id=self.league.teams[0],
                team2_id=self.league.teams[1],
                best_of=3,
                played_on=(begins + timedelta(days=self.session.query(FixtureForecast).count())).date(),
                start_time=begins,
                model_version=self.version,
                snapshot_id=1,
                still_valid_for_snapshot_id=1,
                occurred_at=NOW + timedelta(days=start - 1 if made is None else made),
                team1_win_probability=probability,
                low=probability / 2,
                high=(1 + probability) / 2,
            )
        )
        self.session.commit()
        return event_id

    def announce(self, fixture_id: int, start: float) -> None:
        one, two = self.league.teams
        facts = {"natural_key": str(fixture_id), "source": "archive", "event": "Cup", "best_of": 3}
        names = {"team1_name": "Vitality", "team2_name": "FURIA", "team1_id": one, "team2_id": two}
        self.session.merge(Fixture(id=fixture_id, start_time=NOW + timedelta(days=start), **facts, **names))
        self.session.commit()

    def play(self, event_id: str, winner: int, elo: float = 0.5) -> None:
        document = {"_id": event_id, "winner": winner, "played_on": "2026-01-01", "tier": "top30", "judged_at": NOW}
        self.outcomes.insert_one({**document, "baselines": {"team_elo": elo, "player_elo": 0.5}})


@pytest.fixture
def past(postgres_url: str, mongo_url: str, mongo_database: str, models: Models, league: League) -> Iterator[Past]:
    version = models.publish()
    engine = make_engine(postgres_url)
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongo_url)
    with Session(engine) as session:
        yield Past(session, client[mongo_database][OUTCOMES_COLLECTION], league, version)
    client.drop_database(mongo_database)
    client.close()
    engine.dispose()


async def record(service: Service, **parameters: Any) -> dict[str, Any]:
    response = await service.client.get("/track-record", params=parameters)  # no token
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_an_empty_record_is_public_and_has_no_scores(past: Past, running: Running) -> None:
    async with running() as service:
        page = await record(service)
    assert (page["items"], page["next_before"]) == ([], None)
    assert (page["totals"]["matches"], page["totals"]["scores"]) == (0, None)


async def test_each_match_counts_once_by_its_last_forecast(past: Past, running: Running) -> None:
    for number, start in {1: -3, 2: -2, 3: 1, 4: -9, 5: -4}.items():
        past.announce(number, start)
    past.play(past.forecast(1, 0.4, start=-3, made=-8), winner=2)
    last = past.forecast(1, 0.7, start=-3)
    past.play(last, winner=1, elo=0.6)
    past.forecast(2, 0.6, start=-2)
    past.forecast(3, 0.6, start=1)
    past.forecast(4, 0.6, start=-9)
    in_time = past.forecast(5, 0.2, start=-4)
    past.play(in_time, winner=2)
    past.play(past.forecast(5, 0.1, start=-4, made=-3.9), winner=2)  # made after the start, because the match was moved
    past.forecast(6, 0.3, start=-1)  # the fixture was withdrawn
    past.play(str(uuid7()), winner=1)  # requested by a user
    async with running() as service:
        page = await record(service)
    by_fixture = {item["fixture_id"]: item for item in page["items"]}
    assert list(by_fixture) == [3, 6, 2, 1, 5, 4]  # the latest start first
    assert (by_fixture[1]["forecast_id"], by_fixture[5]["forecast_id"]) == (last, in_time)
    assert {number: item["status"] for number, item in by_fixture.items()} == {
        3: "upcoming",
        6: "awaiting",
        2: "awaiting",
        1: "judged",
        5: "judged",
        4: "no_result",
    }
    assert [by_fixture[number]["winner"] for number in (1, 5, 2)] == [1, 2, None]
    totals = page["totals"]
    assert (totals["matches"], totals["by_status"]["judged"], totals["by_status"]["no_result"]) == (6, 2, 1)
    assert totals["scores"]["log_loss"] == pytest.approx(-(log(0.7) + log(0.8)) / 2)
    assert totals["scores"]["brier_score"] == pytest.approx((0.3**2 + 0.2**2) / 2)
    assert totals["scores"]["accuracy"] == 1.0
    assert totals["baselines"]["team_elo"]["log_loss"] == pytest.approx(-(log(0.6) + log(0.5)) / 2)
    assert [item["matches"] for item in totals["calibration"]] == [1, 1]
    assert all("user_id" not in item for item in page["items"])


async def test_pages_contain_every_match_once(past: Past, running: Running) -> None:
    for number in range(1, 8):
        past.announce(number, -number // 2)
        past.forecast(number, 0.5, start=-number // 2)
    async with running() as service:
        whole = [one["fixture_id"] for one in (await record(service))["items"]]
        fixture_ids, before = [], None
        while True:
            page = await record(service, limit=2, **({"before": before} if before else {}))
            assert page["totals"]["matches"] == 7  # every page has the totals of the whole record
            fixture_ids += [one["fixture_id"] for one in page["items"]]
            before = page["next_before"]
            if before is None:
                break
        assert fixture_ids == whole
        assert len(set(fixture_ids)) == 7
        for wrong in ({"limit": 201}, {"limit": 0}, {"before": 99}, {"user_id": 1}):
            assert (await service.client.get("/track-record", params=wrong)).status_code == 422


async def test_the_record_is_unavailable_without_mongodb(past: Past, running: Running) -> None:
    past.forecast(1, 0.5, start=1)
    async with running(mongo_url="mongodb://127.0.0.1:1/?directConnection=true") as service:
        response = await service.client.get("/track-record")
    assert (response.status_code, response.json()["type"]) == (503, "urn:cs2-forecast:problem:record-unavailable")


class Readings:
    """Reader that counts its calls and can fail."""

    def __init__(self) -> None:
        self.count = 0
        self.is_away = False

    async def rows(self) -> Sequence[Row[Any]]:
        self.count += 1
        await asyncio.sleep(0.05)
        if self.is_away:
            raise UnavailableError("away", "away")
        return []

    async def outcomes(self, forecast_ids: Sequence[str]) -> Mapping[str, Any]:
        return {}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that advances the monotonic clock of the record."""
    from serving.track_record import service

    now = [1000.0]
    monkeypatch.setattr(service, "time", SimpleNamespace(monotonic=lambda: now[0]))  # asyncio keeps the real clock

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


async def test_a_hundred_requests_cause_one_read_a_minute(clock: Callable[[float], None]) -> None:
    readings = Readings()
    cache = TrackRecordCache(readings.rows, readings.outcomes, lambda: NOW)
    await asyncio.gather(*(cache.current() for _ in range(100)))
    assert readings.count == 1
    clock(FRESH_SECONDS - 1)
    await cache.current()
    assert readings.count == 1
    clock(2)
    await asyncio.gather(*(cache.current() for _ in range(100)))
    assert readings.count == 2


async def test_the_last_record_is_shown_without_a_database(clock: Callable[[float], None]) -> None:
    readings = Readings()
    cache = TrackRecordCache(readings.rows, readings.outcomes, lambda: NOW)
    first = await cache.current()
    readings.is_away = True
    clock(FRESH_SECONDS + 1)
    assert await cache.current() is first
    assert await cache.current() is first
    assert readings.count == 2  # the second request does not repeat the failed read
    readings.is_away = False
    clock(FRESH_SECONDS)
    assert await cache.current() is not first
