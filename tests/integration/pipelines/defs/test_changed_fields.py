"""A source whose HTTP interface changes a field stops and names the field; other sources continue."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pyrate_limiter import Duration, Rate

from cs2.settings import SourceName, get_settings
from pipelines.resources import Database
from pipelines.sources import registry
from pipelines.sources.bo3gg_responses import without_prices
from pipelines.sources.response_cache import ResponseCache
from tests.testkit.bo3gg_host import PREFIX, TODAY, Bo3ggHost, bo3gg_game, bo3gg_match, bo3gg_player_stats
from tests.testkit.pandascore_host import TOKEN, PandaScoreHost, pandascore_match
from tests.testkit.source_watch import SourceWatch, ingest, query, write_archive
from tests.testkit.web import Reply, Responder, site

FAST = (Rate(1_000, Duration.SECOND),)


@dataclass(frozen=True)
class Change:
    """A host with a changed field.

    Attributes:
        problem: Error message of the source.
        kind: Kind of the stored response.
        key: Key of the stored response.
        response: The stored response.
    """

    source: SourceName
    responder: Responder
    problem: str
    kind: str
    key: int
    response: Any


def pandascore_change(problem: str, **changes: Any) -> Change:
    changed = pandascore_match(2, **changes)
    host = PandaScoreHost(pandascore_match(1), changed)
    return Change(SourceName.PANDASCORE, host, f"match 2: {problem}", "match", 2, changed)


def bo3gg_change(problem: str, kind: str, key: int, game: dict[str, Any], stats: list[dict[str, Any]]) -> Change:
    host = Bo3ggHost(bo3gg_match(7), games=(game,))
    host.player_stats[10] = stats
    return Change(
        SourceName.BO3GG, host, problem, kind, key, {"match": STORED | {"games": [game]}, "players": stats}[kind]
    )


def structure_change(source: SourceName, path: str, problem: str, response: Any) -> Change:
    stored = {"path": path, "answer": response}
    return Change(source, lambda _: Reply(response), f"{path}: {problem}", "unexpected", 0, stored)


STORED = without_prices(bo3gg_match(7))
GAME = bo3gg_game(1, winner_clan_score="13")
STATS = [*bo3gg_player_stats(10)[1:], bo3gg_player_stats(10)[0] | {"kills": "20"}]
CHANGES = [
    pandascore_change("field number_of_games", number_of_games="3"),
    pandascore_change("field league", league="League"),
    structure_change(SourceName.PANDASCORE, "/csgo/matches", "field modified_at", [{"id": 1}]),
    bo3gg_change("game of match 7: field winner_clan_score", "match", 7, GAME, bo3gg_player_stats(10)),
    bo3gg_change("players of game 10: field kills", "players", 10, bo3gg_game(1), STATS),
    structure_change(SourceName.BO3GG, "/matches", "field results", {"data": [1]}),
]


@pytest.fixture
def start_watch(
    tmp_path: Path, postgres_url: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[SourceName, str], SourceWatch]]:
    """Watch a folder with one map, and a source at an address."""

    def start(name: SourceName, url: str) -> SourceWatch:
        for setting, value in {
            "SOURCES": f"archive,{name}",
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": postgres_url,
            f"{name}_URL".upper(): f"{url}{PREFIX}" if name is SourceName.BO3GG else url,
            "PANDASCORE_TOKEN": TOKEN,
            "POLL_MINUTES": "0.000001",
        }.items():
            monkeypatch.setenv(f"CS2_{setting}", value)
        monkeypatch.setattr(registry, "BO3GG_RATES", FAST)
        get_settings.cache_clear()
        write_archive(tmp_path, "2026-07-01")
        return SourceWatch(instance)

    yield start
    get_settings.cache_clear()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.problem)
def test_a_changed_field_stops_only_its_source(
    change: Change,
    start_watch: Callable[[SourceName, str], SourceWatch],
    database: Database,
    instance: dg.DagsterInstance,
) -> None:
    name = change.source
    with site(change.responder) as server:
        watch = start_watch(name, server.url)
        assert watch.tick() == [("archive", "2026-07-01")]
        assert watch.tick() == []
    assert f"{name}: the source cannot be read: {name} {change.problem}" in str(watch.skip_reason)
    assert "the response is stored as received" in str(watch.skip_reason)

    backfill = ingest(database, instance, last_month=TODAY.replace(day=1).isoformat())
    assert backfill.success
    [landed] = backfill.asset_materializations_for_node("raw_rows")[:1]
    if change.kind != "unexpected":  # a response of another structure has no rows that could be left out
        assert f"{name}: {name} {change.problem}" in str(landed.metadata["left_out"].value)
    assert query(database, "SELECT source FROM raw_rows") == [("archive",)]
    assert query(database, "SELECT count(*) FROM map_results") == [(1,)]
    assert dict(ResponseCache(database.url, name).load(change.kind))[change.key] == change.response
