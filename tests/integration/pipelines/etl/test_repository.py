"""Rows and tables in PostgreSQL: loading is idempotent, corrections win, a killed rebuild changes nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from pipelines.etl.landing import land, update_positions
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rejections import list_rejected
from pipelines.etl.repository import load_history, load_newest_rows, store
from pipelines.sources.base import PublishedRows
from tests.testkit.paths import ROOT
from tests.testkit.rows import (
    A,
    B,
    C,
    fixture_row,
    lineup_row,
    map_row,
    published,
    rebuilt_from,
    series_row,
    veto_rows,
)

MAPS = [
    map_row("2025-07-01", map="Nuke", team1_players=A, team2_players=B, hltv_map_id="1"),
    map_row("2025-07-01", map="Train", winner=2, team1_players=A, team2_players=B, hltv_map_id="2"),
    map_row("2025-08-01", team2="Gamma", hltv_map_id="3"),
]
SERIES = [series_row("2025-07-02"), series_row("2025-09-01"), series_row("2025-09-01", team1="Beta")]
STANDINGS = [{"date": "2025-08-04", "team": "Alpha", "roster": A, "rank": "1", "points": "1900.5"}]
STATS = [{"date": "2025-07-01", "hltv_match_id": "", "map": "Nuke", "team1": "Alpha", "team2": "Beta", "player": "ana"}]
STATS[0] |= {"kills": "20", "deaths": "10"}
FIXTURES = [fixture_row("2025-10-01T18:00Z"), fixture_row("2025-10-02T18:00Z", team2="Newcomers")]
LINEUPS = [lineup_row("2025-08-01", team2="Gamma", team1_players=A, team2_players=C)]
VETO = veto_rows("2025-07-01", [("ban Beta", "Train"), ("decider", "Nuke")])
EVERYTHING = published(MAPS, SERIES, standing=STANDINGS, player_map=STATS, fixture=FIXTURES, lineup=LINEUPS, veto=VETO)

CONTENT = {
    "map_results": "natural_key, played_on, map_number, rounds1, rounds2, winner, order_in_day",
    "series": "natural_key, first_day, last_day, forecast_day, learn_day, winner",
    "standings": "natural_key, published_on, rank, points",
    "player_map_stats": "kills, deaths",
    "vetoes": "step, action, (SELECT name FROM maps WHERE maps.id = map_id)",
    "fixtures": "natural_key, source, start_time, event, best_of, team1_name, team2_name",
    "teams": "name",
    "team_aliases": "name, homonym_no",
    "players": "nickname",
    "player_aliases": "nickname, homonym_no",
    "maps": "name",
    "lineups": "(SELECT name FROM teams WHERE teams.id = team_id)",
    "rejected_rows": "reasons::text",
}


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    yield engine
    engine.dispose()


def load(engine: Engine, rows: PublishedRows = EVERYTHING) -> int:
    """Land the rows and rebuild; return the number of new raw rows."""
    with engine.begin() as connection:
        landed = land(connection, SourceName.ARCHIVE, rows)
    with engine.begin() as connection:
        store(connection, rebuilt_from(connection))
    return landed.landed


def content(engine: Engine, *, with_ids: bool = False) -> dict[str, list[tuple[object, ...]]]:
    """Return natural keys and values of all tables, optionally with the ids that must stay."""
    tables_with_ids = ("teams", "players", "maps", "fixtures")
    columns = {table: "*" if with_ids and table in tables_with_ids else c for table, c in CONTENT.items()}
    with engine.connect() as connection:
        return {
            table: sorted(map(tuple, connection.execute(text(f"SELECT {names} FROM {table}"))), key=str)
            for table, names in columns.items()
        }


def test_every_table_is_filled(engine: Engine) -> None:
    load(engine)
    counts = {table: len(rows) for table, rows in content(engine).items()}
    assert counts == {
        "map_results": 3,
        "series": 3,
        "standings": 1,
        "player_map_stats": 1,
        "vetoes": 2,
        "fixtures": 2,
        "teams": 4,
        "team_aliases": 4,
        "players": 15,
        "player_aliases": 15,
        "maps": 2,
        "lineups": 3,
        "rejected_rows": 1,
    }


def test_loading_twice_leaves_the_tables_as_once(engine: Engine) -> None:
    load(engine)
    once = content(engine, with_ids=True)
    assert load(engine) == 0
    assert content(engine, with_ids=True) == once


def test_month_by_month_gives_the_same_tables_as_all_at_once(engine: Engine) -> None:
    load(engine)
    once = content(engine)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE raw_rows, maps, teams, players, events CASCADE"))
    for month in sorted(EVERYTHING.month_digests(), reverse=True):
        frames = {kind: frame[frame["month"] == month] for kind, frame in EVERYTHING.frames.items()}
        load(engine, PublishedRows({kind: frame for kind, frame in frames.items() if len(frame)}))
    assert content(engine) == once


def test_the_newest_version_of_a_row_wins_and_may_be_taken_back(engine: Engine) -> None:
    load(engine)
    once = content(engine, with_ids=True)
    corrected = published([MAPS[0] | {"winner": "2", "score1": "7", "score2": "13"}, *MAPS[1:]], SERIES)
    assert load(engine, corrected) == 1
    assert content(engine)["map_results"] != once["map_results"]
    assert load(engine) == 1
    assert content(engine, with_ids=True) == once


def test_ids_stay_when_older_rows_arrive_later(engine: Engine) -> None:
    load(engine, published(MAPS[2:]))
    before = content(engine, with_ids=True)
    load(engine)
    after = content(engine, with_ids=True)
    for table in ("maps", "teams", "players"):
        assert set(before[table]) <= set(after[table])


def test_a_moved_fixture_keeps_its_id_and_no_id_is_reused(engine: Engine) -> None:
    load(engine)
    first, last = ids = fixture_ids(engine)
    moved = [fixture_row("2025-10-01T20:30+02:00"), fixture_row("2025-10-02T18:00Z", team2="Newcomers", best_of="4")]
    load(engine, published(MAPS, fixture=moved))
    assert fixture_ids(engine) == [first]
    load(engine, published(MAPS, fixture=[*moved, fixture_row("2025-10-03T18:00Z", team2="Gamma")]))
    assert not {last} & set(fixture_ids(engine))
    load(engine, published(MAPS, fixture=FIXTURES))
    assert set(ids) <= set(fixture_ids(engine))


def fixture_ids(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT id FROM fixtures ORDER BY start_time")))


def test_the_stored_history_is_the_rebuilt_one(engine: Engine) -> None:
    load(engine)
    with engine.connect() as connection:
        stored = load_history(connection)
        tables = rebuilt_from(connection).tables
    computed = history_from_tables(tables.map_results, tables.series, tables.lineups)
    for name in ("row_id", "day", "forecast_day", "learn_day", "team_ids", "player_ids", "rounds", "team1_won"):
        assert (getattr(stored, name) == getattr(computed, name)).all(), name


KILLED = """
import os, signal, sys
from sqlalchemy import event
from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from pipelines.etl import repository as storing
from tests.testkit.rows import rebuilt_from

real = storing.copy_frame
def copy_frame(connection, table, frame):
    real(connection, table, frame)
    if table == "map_results":
        os.kill(os.getpid(), signal.SIGKILL)
storing.copy_frame = copy_frame
with make_engine(sys.argv[1]).begin() as connection:
    storing.store(connection, rebuilt_from(connection))
"""


def test_a_killed_rebuild_leaves_the_tables_unchanged(engine: Engine, postgres_url: str) -> None:
    load(engine)
    before = content(engine, with_ids=True)
    with engine.begin() as connection:
        land(connection, SourceName.ARCHIVE, published([*MAPS, map_row("2025-09-09", team1="New", hltv_map_id="4")]))
    root = ROOT
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, postgres_url], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert content(engine, with_ids=True) == before
    load(engine)
    assert len(content(engine)["map_results"]) == 4


def test_nul_is_stored_with_a_replacement_and_rejected_where_it_stands_in_a_name(engine: Engine) -> None:
    nul = {"team1": "Al\x00pha", "hltv_map_id": "9"}
    rows = published([*MAPS, map_row("2025-07-02", **nul), map_row("2025-07-02", event="Cup\x00")])
    load(engine, rows)
    assert load(engine, rows) == 0
    reasons = content(engine)["rejected_rows"]
    assert reasons == [('["a name has a control character"]',)]


def test_a_rejected_row_that_moved_in_its_file_is_found_at_its_new_line(engine: Engine) -> None:
    bad = map_row("2025-07-02", winner=3, hltv_map_id="4") | {"file_name": "maps.csv"}
    load(engine, published([bad | {"line_number": "17"}]))
    moved = published([bad | {"line_number": "18"}])
    with engine.begin() as connection:
        assert land(connection, SourceName.ARCHIVE, moved).landed == 0
        assert update_positions(connection, SourceName.ARCHIVE, moved.frames) == 1
        frames = load_newest_rows(connection, [SourceName.ARCHIVE])
        [row] = list_rejected(frames, rebuilt_from(connection).outcomes)
        assert update_positions(connection, SourceName.ARCHIVE, moved.frames) == 0
    assert row.place == "maps.csv line 18"
    assert row.reasons == ["winner is neither 1 nor 2"]
    assert load(engine, moved) == 0
