"""Real matches, forecast over REST before their results arrive, get the scores computed from the archive."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from math import log
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

from cs2.messages import FORECASTS_COLLECTION
from cs2.settings import Settings, get_settings
from cs2.storage.tables import LiveQuality
from pipelines.defs.etl.assets import match_tables, raw_rows
from pipelines.defs.etl.jobs import range_tags
from pipelines.defs.evaluation.assets import forecast_outcomes, live_quality
from tests.testkit.archive_service import serve_archive
from tests.testkit.archives import real_archive, write
from tests.testkit.asset_environment import AssetEnvironment
from tests.testkit.service import JWT_KEY, run_service
from tests.testkit.sink import store_all
from tests.testkit.toy_league import League

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:Parameter `backfill_policy`"),
]

CUT, FIRST, LAST = date(2025, 1, 31), "2025-02-01", "2025-02-05"
PATH = "/forecast/get_team1_win_probability"
Question = tuple[str, str, str, str]
"""Day, map, and both teams as the archive names them."""


@pytest.fixture
def settings(
    environment: AssetEnvironment, postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings of the service on its last known day. The pipelines read the same folder."""
    monkeypatch.setenv("CS2_SOURCES", "archive")
    monkeypatch.setenv("CS2_ARCHIVE_DIR", str(tmp_path / "archive"))
    monkeypatch.setenv("CS2_CLOCK_DATE", str(CUT))
    get_settings.cache_clear()
    yield Settings(
        database_url=postgres_url,
        redis_url=redis_url,
        mongo_url=environment.mongo.url,
        mongo_database=environment.mongo.name,
        mlflow_url=environment.mlflow.url,
        data_dir=tmp_path,
        jwt_key=SecretStr(JWT_KEY),
    )
    get_settings.cache_clear()


def by_hand(maps: pd.DataFrame) -> dict[Question, int | None]:
    """Return each map's winner, None if disputed. Maps that a pair played twice on a day are excluded."""
    winners: dict[Question, int | None] = {}
    of_days = maps[(maps["date"] >= FIRST) & (maps["date"] <= LAST)]
    pairs = Counter((row.date, row.map, *sorted((row.team1, row.team2))) for row in of_days.itertuples())
    for row in of_days.itertuples():
        if pairs[row.date, row.map, *sorted((row.team1, row.team2))] == 1:
            is_disputed = "1" in (row.winner_conflict, row.date_suspect)
            winners[row.date, row.map, row.team1, row.team2] = None if is_disputed else int(row.winner)
    return winners


async def send_questions(settings: Settings, questions: list[Question]) -> dict[str, Question]:
    """Send each question and return the answered ones by forecast id. Teams without earlier results are rejected."""
    answered = {}
    async with run_service(settings, League(0, [], [], 0)) as service:
        for question in questions:
            day, name, one, two = question
            body = {"map": name, "team1": one, "team2": two, "played_on": day}
            response = await service.call("POST", PATH, json=body)
            if response.status_code == 200:
                answered[response.json()["forecast_id"]] = question
            else:
                assert response.status_code == 422, response.text
    return answered


async def history(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return all pages of the user's history, by id."""
    items: dict[str, dict[str, Any]] = {}
    parameters: dict[str, Any] = {"limit": 100}
    async with run_service(settings, League(0, [], [], 0)) as service:
        while True:
            page = (await service.call("GET", "/forecast/history", params=parameters)).json()
            items |= {item["forecast_id"]: item for item in page["items"]}
            if page["next_before"] is None:
                return items
            parameters["before"] = page["next_before"]


def match_of(answer: dict[str, Any]) -> tuple[str, int, frozenset[int]]:
    """What tells whether two forecasts are about one match."""
    return answer["played_on"], answer["map"]["id"], frozenset((answer["team1"]["id"], answer["team2"]["id"]))


async def store_everything(environment: AssetEnvironment, redis_url: str, count: int) -> None:
    with environment.mongo.database() as database:
        while database[FORECASTS_COLLECTION].count_documents({}) < count:
            await store_all(redis_url, environment.mongo.url, environment.mongo.name)


def score(environment: AssetEnvironment) -> None:
    assert environment.materialize([forecast_outcomes, live_quality]).success


def test_the_live_log_loss_is_that_of_the_archive(
    environment: AssetEnvironment,
    settings: Settings,
    shared_data: Path,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = real_archive(shared_data)
    folder = write(Path(settings.data_dir) / "archive", frames)
    serve_archive(folder, CUT, CUT, settings.database_url, settings.mlflow_url)
    played = by_hand(frames["maps"])
    now = settings.model_copy(update={"clock_date": CUT})
    questions = asyncio.run(send_questions(now, list(played)))
    asyncio.run(store_everything(environment, redis_url, len(questions)))
    score(environment)
    assert {item["outcome"] for item in asyncio.run(history(now)).values()} == {None}, "no match has been played yet"

    monkeypatch.setenv("CS2_CLOCK_DATE", LAST)
    get_settings.cache_clear()
    landed = environment.materialize([raw_rows, match_tables], tags=range_tags("2024-10-01", "2025-02-01"))
    assert landed.success
    score(environment)
    shown = asyncio.run(history(now.model_copy(update={"clock_date": date.fromisoformat(LAST)})))
    assert set(shown) == set(questions)
    outcomes = {questions[one]: item["outcome"] for one, item in shown.items()}
    assert {question: outcome and outcome["winner"] for question, outcome in outcomes.items()} == {
        question: played[question] for question in questions.values()
    }
    latest = {match_of(shown[one]["answer"]): one for one in sorted(questions)}  # some have two names of one team
    winners = {one: played[questions[one]] for one in latest.values() if played[questions[one]]}
    assert len(winners) > 200

    def log_loss(chances: Iterable[float]) -> float:
        pairs = zip(chances, winners.values(), strict=True)
        return -sum(log(chance if winner == 1 else 1 - chance) for chance, winner in pairs) / len(winners)

    with environment.database.transaction() as session:
        metrics = session.get_one(LiveQuality, ("map", "all", "")).metrics
    assert metrics["n"] == len(winners)
    ours = log_loss(shown[one]["answer"]["team1_win_probability"] for one in winners)
    elo = log_loss(shown[one]["outcome"]["baselines"]["team_elo"] for one in winners)
    assert (metrics["log_loss"], metrics["team_elo_log_loss"]) == pytest.approx((ours, elo), abs=1e-12)
    assert ours < log(2), "the forecasts beat a coin toss"
