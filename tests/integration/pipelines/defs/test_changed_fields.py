"""An interface that changes a field: its source alone stops and names it, what came is kept, the others go on."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pyrate_limiter import Duration, Rate

from cs2.settings import SourceName, get_settings
from pipelines.resources import Database
from pipelines.sources import registry
from pipelines.sources.response_cache import ResponseCache
from tests.integration.pipelines.defs.test_several_sources import HEADER, ROSTERS, Watch, ingest, stored
from tests.integration.pipelines.sources import test_bo3gg as bo3gg
from tests.integration.pipelines.sources import test_pandascore as pandascore
from tests.testkit.web import Answer, Reply, site

FAST = (Rate(1_000, Duration.SECOND),)


CUP = pandascore.match(2, number_of_games="3")
LEAGUE = pandascore.match(2, league="League")
GAME = bo3gg.game(1, winner_clan_score="13")
LINES = [*bo3gg.lines(10)[1:], bo3gg.lines(10)[0] | {"kills": "20"}]


def of_bo3gg(game: dict[str, Any], lines: list[dict[str, Any]]) -> Answer:
    host = bo3gg.Host(bo3gg.match(7), games=(game,))
    host.players[10] = lines
    return host


CHANGES = [
    (
        *(SourceName.PANDASCORE, pandascore.Host(pandascore.match(1), CUP)),
        *("match 2: field number_of_games", "match", 2, CUP),
    ),
    (
        *(SourceName.PANDASCORE, pandascore.Host(pandascore.match(1), LEAGUE)),
        *("match 2: field league", "match", 2, LEAGUE),
    ),
    (
        *(SourceName.PANDASCORE, lambda _: Reply([{"id": 1}])),
        *("/csgo/matches: field modified_at", "unread", 0, {"path": "/csgo/matches", "answer": [{"id": 1}]}),
    ),
    (
        *(SourceName.BO3GG, of_bo3gg(GAME, bo3gg.lines(10))),
        *("game of match 7: field winner_clan_score", "games", 7, [GAME]),
    ),
    (SourceName.BO3GG, of_bo3gg(bo3gg.game(1), LINES), "players of game 10: field kills", "players", 10, LINES),
    (
        *(SourceName.BO3GG, lambda _: Reply({"data": [1]})),
        *("/matches: field results", "unread", 0, {"path": "/matches", "answer": {"data": [1]}}),
    ),
]


@pytest.fixture
def watch(
    tmp_path: Path, postgres_url: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[SourceName, str], Watch]]:
    """Watches a folder with one map, and the source at an address."""

    def start(name: SourceName, url: str) -> Watch:
        for setting, value in {
            "SOURCES": f"archive,{name}",
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": postgres_url,
            f"{name}_URL".upper(): f"{url}/api/v1" if name is SourceName.BO3GG else url,
            "PANDASCORE_TOKEN": pandascore.TOKEN,
            "POLL_MINUTES": "0.000001",
        }.items():
            monkeypatch.setenv(f"CS2_{setting}", value)
        monkeypatch.setattr(registry, "BO3GG_RATES", FAST)
        get_settings.cache_clear()
        file = tmp_path / "archive" / "maps.csv"
        file.parent.mkdir()
        file.write_text(HEADER + f"2026-07-01,Nuke,Alpha,Beta,1,,,{ROSTERS}\n")
        os.utime(file, (time.time() - 60,) * 2)
        return Watch(instance)

    yield start
    get_settings.cache_clear()


@pytest.mark.parametrize(("name", "answer", "told", "kind", "key", "payload"), CHANGES)
def test_a_changed_field_stops_its_source_only_is_named_and_its_answer_is_kept(
    name: SourceName,
    answer: Answer,
    told: str,
    kind: str,
    key: int,
    payload: Any,
    watch: Callable[[SourceName, str], Watch],
    database: Database,
    instance: dg.DagsterInstance,
) -> None:
    with site(answer) as server:
        looks = watch(name, server.url)
        assert looks.tick() == [("archive", "2026-07-01")]
        assert looks.tick() == []
    assert f"{name}: the source cannot be read: {name} {told}" in str(looks.said)
    assert "the answer is kept as it came" in str(looks.said)

    backfill = ingest(database, instance)
    assert backfill.success
    [landed] = backfill.asset_materializations_for_node("raw_rows")[:1]
    if kind != "unread":  # of a list that could not be told apart there is nothing to land
        assert f"{name}: {name} {told}" in str(landed.metadata["left_out"].value)
    assert stored(database, "SELECT source FROM raw_rows") == [("archive",)]
    assert stored(database, "SELECT count(*) FROM map_results") == [(1,)]
    assert dict(ResponseCache(database.url, name).all(kind))[key] == payload
