"""Warnings of a forecast, and maps that an admin retires."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from cli.main import app
from cs2.settings import Settings
from cs2.storage.engine import make_engine
from cs2.storage.tables import Map
from pipelines.etl.rebuild import rebuild
from pipelines.etl.repository import load_identities, store
from tests.testkit.published_models import Models
from tests.testkit.rows import map_row, published
from tests.testkit.service import Running, Service, run_service
from tests.testkit.toy_league import AS_OF, ratings_with_pool

OUTSIDE = "the map is outside the active pool"


async def warnings(service: Service, **changes: object) -> list[str]:
    response = await service.forecast(**changes)
    assert response.status_code == 200, response.text
    return list(response.json()["warnings"])


async def test_an_ordinary_forecast_has_no_warning(running: Running, models: Models) -> None:
    models.publish()
    models.publish_ratings(ratings_with_pool(models.league, 98, 2))
    async with running() as service:
        assert await warnings(service) == []
        assert await warnings(service, map_id=service.league.nuke + 1) == [], "2% of 90 days is enough"


@pytest.mark.parametrize(("played", "days_ago"), [((99, 1), 10), ((98, 2), 90), ((98, 0), 10)])
async def test_a_rarely_played_map_causes_a_warning(
    running: Running, models: Models, played: tuple[int, ...], days_ago: int
) -> None:
    models.publish()
    models.publish_ratings(ratings_with_pool(models.league, *played, days_ago=days_ago))
    async with running() as service:
        assert await warnings(service, map_id=service.league.nuke + 1) == [OUTSIDE]


async def test_absent_and_new_players_cause_warnings(running: Running, models: Models) -> None:
    models.publish()
    models.publish_ratings(ratings_with_pool(models.league, 50, 50))
    async with running() as service:
        one = service.league.lineups[0]
        stranger = max(service.league.lineups[1]) + 1  # ZywOo, who has no rating
        assert await warnings(service, team1_player_ids=[*one[:4], stranger]) == [
            "team 1: 1 of five with fewer than 3 known maps",
            "team 1: 1 of five did not play its latest map",
        ]
        assert await warnings(service, team2_id=service.league.lonely) == [
            "team 2: no lineup is known, the rating of the name is used"
        ]


async def test_old_ratings_cause_a_warning(running: Running, models: Models) -> None:
    models.publish()
    models.publish_ratings(ratings_with_pool(models.league, 50, 50))
    async with running() as service:
        for days, expected in ((30, []), (31, ["the ratings are 31 days older than the match"])):
            assert await warnings(service, played_on=str(AS_OF + timedelta(days=days))) == expected


async def wait_for_warnings(service: Service, expected: list[str]) -> None:
    async with asyncio.timeout(20):
        while await warnings(service) != expected:
            await asyncio.sleep(0.05)


async def test_an_admin_retires_a_map_and_restores_it(
    settings: Settings, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    league = models.league
    models.publish()
    models.publish_ratings(ratings_with_pool(league, 50, 50))
    for name in ("data_dir", "database_url", "redis_url"):
        monkeypatch.setenv(f"CS2_{name.upper()}", str(getattr(settings, name)))
    # The refresh timer is too slow, so only the announcement can trigger the refresh in time.
    async with run_service(settings.model_copy(update={"model_refresh_seconds": 600}), league) as service:
        before = (await service.forecast()).json()
        assert before["warnings"] == []
        assert (await service.get(f"/maps/{league.nuke}")).json()["is_active"] is True
        result = await asyncio.to_thread(CliRunner().invoke, app, ["maps", "retire", "NUKE"])
        assert result.exit_code == 0, result.output
        assert "Nuke is retired now" in result.output
        await wait_for_warnings(service, [OUTSIDE])
        assert (await service.forecast()).json()["team1_win_probability"] == before["team1_win_probability"]
        shown = (await service.get(f"/maps/{league.nuke}")).json()
        assert (shown["is_active"], shown["is_retired"]) == (False, True)
        question = {"team1": "Vitality", "team2": "FURIA", "best_of": 1}
        series = (await service.call("POST", "/forecast/series", json=question)).json()
        assert [one["map"]["name"] for one in series["maps"]] == ["Mirage"], "no veto leads to a retired map"
        assert re.search(r"Nuke +retired", CliRunner().invoke(app, ["maps", "list"]).output)
    async with run_service(settings.model_copy(update={"database_url": DEAD}), league) as service:
        assert await warnings(service) == [OUTSIDE], "the disk cache contains the retirement"
    async with run_service(settings, league) as service:
        assert (await asyncio.to_thread(CliRunner().invoke, app, ["maps", "restore", "nuke"])).exit_code == 0
        await wait_for_warnings(service, [])
        assert re.search(r"Nuke +active", CliRunner().invoke(app, ["maps", "list"]).output)


DEAD = "postgresql+psycopg://cs2@127.0.0.1:1/cs2"


def test_an_unknown_map_cannot_be_retired(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("data_dir", "database_url", "redis_url"):
        monkeypatch.setenv(f"CS2_{name.upper()}", str(getattr(settings, name)))
    result = CliRunner().invoke(app, ["maps", "retire", "Cobblestone"])
    assert result.exit_code == 2
    assert "no map has the name Cobblestone" in result.output


def test_a_rebuild_keeps_retired_maps(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    for _ in range(2):
        with engine.begin() as connection:
            rebuilt = rebuild(published([map_row("2025-07-01")]).frames, load_identities(connection))
            store(connection, replace(rebuilt, outcomes=rebuilt.outcomes[:0]))
    with engine.begin() as connection:
        connection.execute(update(Map).values(retired=True))
    with engine.begin() as connection:
        rebuilt = rebuild(published([map_row("2025-07-01"), map_row("2025-07-02")]).frames, load_identities(connection))
        store(connection, replace(rebuilt, outcomes=rebuilt.outcomes[:0]))
        assert connection.scalars(select(Map.retired)).all() == [True]
    engine.dispose()
