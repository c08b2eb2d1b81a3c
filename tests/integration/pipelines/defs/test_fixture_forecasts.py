"""Automatic forecasts are made in time and once, use no result of the match's day, and all reach the history."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import dagster as dg
import pymongo
import pytest

from cs2.messages import FORECASTS_COLLECTION
from cs2.storage.tables import FixtureForecast
from pipelines.defs.fixtures.sensors import fixtures_sensor
from pipelines.resources import Announcer, Database
from tests.testkit.asset_environment import NO_SERVER, AssetEnvironment, SetToday
from tests.testkit.fixture_forecasts import better_ratings, run
from tests.testkit.paths import ROOT
from tests.testkit.published_models import Models
from tests.testkit.sink import store_all
from tests.testkit.toy_league import AS_OF, League

NOW = datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("today")


def test_only_matches_of_the_next_week_are_forecast(
    environment: AssetEnvironment, models: Models, announce: Any, events: Any
) -> None:
    version = models.publish()
    announce(1, "2026-01-06T18:00")
    announce(2, "2026-01-12T18:00", best_of=None)
    announce(3, "2026-01-13T18:00")  # more than a week ahead
    announce(4, "2026-01-05T23:00")  # has begun
    announce(5, "2026-01-07T18:00", best_of=2)  # may end in a draw
    assert (run(environment) or {})["forecasts"] == 2
    first, second = published = sorted(events(), key=lambda event: event.fixture_id)  # equal times: in any order
    assert [event.fixture_id for event in published] == [1, 2]
    assert [event.response.played_on for event in published] == [date(2026, 1, 6), date(2026, 1, 12)]
    assert [event.response.best_of for event in published] == [3, 3]
    for event in published:
        assert event.occurred_at == NOW
        assert UUID(event.event_id).int >> 80 == int(NOW.timestamp() * 1000)  # the history sorts by id
        assert (event.user_id, event.model_version) == (None, version)
        assert event.response.forecast_id == event.event_id
    assert first.response.team1_win_probability > 0.5  # the better team
    assert [team.name for team in (first.response.team1, first.response.team2)] == ["Vitality", "FURIA"]
    assert [len(first.response.team1.players), second.response.model.ratings_as_of] == [5, AS_OF]


def test_newer_ratings_and_a_newer_model_forecast_again(
    environment: AssetEnvironment, models: Models, announce: Any, events: Any, database: Database, league: League
) -> None:
    models.publish()
    announce(1, "2026-01-06T18:00")
    run(environment)
    assert (run(environment) or {})["forecasts"] == 0
    snapshot_id = better_ratings(database, league)
    run(environment)
    version = models.publish(seed=5, skill=2.0)
    run(environment)
    assert [event.model_version for event in events()] == [version - 1, version - 1, version]
    assert [event.snapshot_id for event in events()][1:] == [snapshot_id, snapshot_id]


def test_neither_ratings_nor_model_know_the_day_of_a_match(
    environment: AssetEnvironment,
    models: Models,
    announce: Any,
    events: Any,
    database: Database,
    league: League,
    today: SetToday,
) -> None:
    models.publish()
    newer = better_ratings(database, league, as_of=date(2026, 1, 6))
    announce(1, "2026-01-06T18:00")
    announce(2, "2026-01-07T18:00")
    run(environment)
    assert {event.fixture_id: event.snapshot_id for event in events()} == {1: newer - 1, 2: newer}
    models.publish(seed=5, skill=2.5, trained_through=date(2026, 1, 6))
    run(environment)
    assert [event.fixture_id for event in events()][2:] == [2]
    today("2026-01-07")
    assert (run(environment) or {})["through"] == "no fixture is pending"


def test_a_corrected_question_is_forecast_again(
    environment: AssetEnvironment, models: Models, announce: Any, events: Any, league: League
) -> None:
    models.publish()
    announce(1, "2026-01-07T18:00")
    run(environment)
    announce(1, "2026-01-07T20:00")
    assert (run(environment) or {})["forecasts"] == 0
    announce(1, "2026-01-08T18:00")
    run(environment)
    announce(1, "2026-01-08T18:00", team2_id=league.lonely, best_of=5)
    run(environment)
    questions = [(event.response.played_on.day, event.response.team2.id, event.response.best_of) for event in events()]
    assert questions == [(7, league.teams[1], 3), (8, league.teams[1], 3), (8, league.lonely, 5)]


def stored(redis_url: str, mongo_url: str, mongo_database: str) -> list[dict[str, Any]]:
    """Let the sink store the stream, and return its documents."""
    asyncio.run(store_all(redis_url, mongo_url, mongo_database))  # Dagster's runs have an event loop, too
    client: pymongo.MongoClient[dict[str, Any]]
    with pymongo.MongoClient(mongo_url) as client:
        documents = list(client[mongo_database][FORECASTS_COLLECTION].find().sort("_id"))
        client.drop_database(mongo_database)
    return documents


def test_the_next_run_publishes_what_redis_did_not_get(
    environment: AssetEnvironment,
    models: Models,
    announce: Any,
    events: Any,
    database: Database,
    redis_url: str,
    mongo_url: str,
    mongo_database: str,
) -> None:
    models.publish()
    announce(1, "2026-01-06T18:00")
    assert run(environment, announcer=Announcer(url=f"redis://{NO_SERVER}")) is None
    with database.transaction() as session:
        event_ids = [row.event_id for row in session.query(FixtureForecast)]
    context = dg.build_sensor_context(instance=environment.instance)
    assert isinstance(fixtures_sensor(context, database=database), dg.RunRequest)
    assert run(environment) == {
        "forecasts": 0,
        "unchanged": 0,
        "published": 1,
        "model_version": 1,
        "through": "no fixture is pending",
    }
    assert [event.event_id for event in events()] == event_ids
    assert isinstance(fixtures_sensor(context, database=database), dg.SkipReason)
    documents = stored(redis_url, mongo_url, mongo_database)
    assert [(one["_id"], one["fixture_id"], one["user_id"]) for one in documents] == [(event_ids[0], 1, None)]


KILLED = """
import os, signal, sys
from pipelines.fixtures.repository import publish_pending
from pipelines.resources import Announcer, Database

announcer = Announcer(url=sys.argv[2])
def publish(events):
    announcer.record(events)
    os.kill(os.getpid(), signal.SIGKILL)
with Database(url=sys.argv[1]).transaction() as session:
    publish_pending(session, publish)
"""


def test_a_run_killed_after_publishing_duplicates_nothing(
    environment: AssetEnvironment,
    models: Models,
    announce: Any,
    events: Any,
    redis_url: str,
    postgres_url: str,
    mongo_url: str,
    mongo_database: str,
) -> None:
    models.publish()
    announce(1, "2026-01-06T18:00")
    announce(2, "2026-01-07T18:00")
    assert run(environment, announcer=Announcer(url=f"redis://{NO_SERVER}")) is None
    root = ROOT
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, postgres_url, redis_url],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert (run(environment) or {})["published"] == 2
    assert len(events()) == 4  # the stream contains each event twice
    assert sorted(one["fixture_id"] for one in stored(redis_url, mongo_url, mongo_database)) == [1, 2]


def test_two_runs_at_once_store_one_forecast(
    environment: AssetEnvironment,
    models: Models,
    announce: Any,
    events: Any,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pipelines.defs.fixtures import assets

    models.publish()
    announce(1, "2026-01-06T18:00")
    real = assets.read_pending_fixtures

    def overtaken(*arguments: Any, **named: Any) -> Any:
        fixtures = real(*arguments, **named)
        monkeypatch.setattr(assets, "read_pending_fixtures", real)
        assert (run(environment) or {})["forecasts"] == 1  # the other run starts after the selection
        return fixtures

    monkeypatch.setattr(assets, "read_pending_fixtures", overtaken)
    assert (run(environment) or {})["forecasts"] == 0
    assert len(events()) == 1


def test_a_match_that_begins_during_the_run_is_skipped(
    environment: AssetEnvironment,
    models: Models,
    announce: Any,
    events: Any,
    today: SetToday,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pipelines.defs.fixtures import assets

    models.publish()
    announce(1, "2026-01-06T18:00")
    announce(2, "2026-01-07T18:00")
    real = assets.read_pending_fixtures

    def slow(*arguments: Any, **named: Any) -> Any:
        fixtures = real(*arguments, **named)
        today("2026-01-06")
        return fixtures

    monkeypatch.setattr(assets, "read_pending_fixtures", slow)
    run(environment)
    assert [event.fixture_id for event in events()] == [2]


def test_the_sensor_states_its_reason(
    environment: AssetEnvironment, models: Models, announce: Any, database: Database, today: SetToday
) -> None:
    def tick() -> str:
        decision = fixtures_sensor(dg.build_sensor_context(instance=environment.instance), database=database)
        return decision.tags["cs2/why"] if isinstance(decision, dg.RunRequest) else str(decision.skip_message)

    assert tick() == "there is no champion yet"
    models.publish()
    assert tick() == "every match of the next days has its forecast"
    announce(1, (NOW + timedelta(days=8)).isoformat()[:16])
    assert tick() == "every match of the next days has its forecast"
    today("2026-01-06")
    assert tick() == "1 fixtures are pending, 0 forecasts are not published"
