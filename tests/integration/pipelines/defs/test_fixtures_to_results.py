"""Fixtures arrive in the watched folder before their results, and every forecast precedes its result."""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import text

from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION, parse_outcome
from cs2.settings import get_settings
from pipelines.defs.etl.jobs import range_tags
from tests.testkit.asset_environment import AssetEnvironment
from tests.testkit.published_models import Models
from tests.testkit.sink import store_all
from tests.testkit.toy_league import make_league

MAPS = "date,map,team1,team2,winner,score1,score2,team1_players,team2_players,best_of,hltv_match_id\n"
FIXTURES = "start_time,event,best_of,team1,team2\n"
LINEUPS = {"Alpha": "ana|bob|cid|dan|eve", "Beta": "fay|gus|hal|ida|jim", "Newcomers": "kai|leo|max|ned|oli"}


class Installation:
    """The watched folder, the clock, and the jobs on real servers."""

    def __init__(self, environment: AssetEnvironment, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from pipelines.definitions import defs

        self.folder = folder
        self.environment = environment
        self.monkeypatch = monkeypatch
        self.defs = dg.Definitions(
            assets=defs.assets,
            asset_checks=defs.asset_checks,
            jobs=defs.jobs,
            resources=environment.resources(),
            executor=defs.executor,
        )

    def on(self, day: str) -> None:
        self.monkeypatch.setenv("CS2_CLOCK_DATE", day)
        get_settings.cache_clear()

    def drop(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content)
        os.utime(self.folder / name, (time.time() - 60,) * 2)

    def run(self, job: str, **arguments: Any) -> None:
        definition = self.defs.resolve_job_def(job)
        assert definition.execute_in_process(instance=self.environment.instance, **arguments).success

    def ingest(self) -> None:
        self.run("ingest_job", tags=range_tags("2026-01-01", "2026-01-01"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.environment.database.transaction() as session:
            return [tuple(row) for row in session.execute(text(query))]


@pytest.fixture
def installation(
    environment: AssetEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    monkeypatch.setenv("CS2_SOURCES", "archive")
    monkeypatch.setenv("CS2_ARCHIVE_DIR", str(tmp_path))
    yield Installation(environment, tmp_path, monkeypatch)
    get_settings.cache_clear()


def won(day: str, number: int, one: str, two: str) -> str:
    """Return the rows of two maps that the first team won."""
    lineups = f"{LINEUPS[one]},{LINEUPS[two]}"
    return "".join(f"{day},{map_name},{one},{two},1,13,7,{lineups},3,{number}\n" for map_name in ("Nuke", "Mirage"))


@pytest.mark.filterwarnings("ignore:Parameter `backfill_policy`")
def test_fixtures_are_forecast_in_time_and_matched_with_results(
    installation: Installation, postgres_url: str, mlflow_url: str, redis_url: str, mongo_url: str, mongo_database: str
) -> None:
    league = make_league(postgres_url)
    Models(postgres_url, mlflow_url, league).publish()  # a champion that was trained through 2025
    installation.on("2026-01-05")
    installation.drop("maps.csv", MAPS + won("2026-01-04", 1, "Alpha", "Beta"))
    announced = "2026-01-07T18:00Z,Cup,3,Alpha,Beta\n2026-01-08T18:00Z,Cup,3,Team Alpha,Newcomers\n"
    installation.drop("fixtures.csv", FIXTURES + announced)
    installation.ingest()
    installation.run("forecast_job")
    asyncio.run(store_all(redis_url, mongo_url, mongo_database))

    installation.on("2026-01-09")
    results = won("2026-01-07", 2, "Alpha", "Beta") + won("2026-01-08", 3, "Newcomers", "Alpha")
    installation.drop("maps-later.csv", MAPS + results)
    installation.ingest()
    installation.run("forecast_job")
    asyncio.run(store_all(redis_url, mongo_url, mongo_database))

    installation.run("evaluation_job")

    with installation.environment.mongo.database() as history:
        forecasts = list(history[FORECASTS_COLLECTION].find().sort("response.played_on"))
        outcomes = {document["_id"]: parse_outcome(document) for document in history[OUTCOMES_COLLECTION].find()}
    series = installation.rows("SELECT first_day, team1_id, team2_id FROM series ORDER BY first_day")[1:]
    assert [one["occurred_at"] for one in forecasts] == [datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC)] * 2
    for forecast, (day, *teams) in zip(forecasts, series, strict=True):
        answer = forecast["response"]
        assert date.fromisoformat(answer["played_on"]) == day > forecast["occurred_at"].date()
        assert {answer["team1"]["id"], answer["team2"]["id"]} == set(teams)
        assert answer["model"]["ratings_as_of"] == "2026-01-04"
    assert installation.rows("SELECT id FROM fixtures ORDER BY start_time") == [
        (one["fixture_id"],) for one in forecasts
    ]
    scored = [outcomes[one["_id"]] for one in forecasts]
    assert [(outcome.winner, str(outcome.played_on)) for outcome in scored] == [(1, "2026-01-07"), (2, "2026-01-08")]
