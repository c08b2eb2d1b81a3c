"""Rows that a source no longer holds, and rows that an operator retracts, in PostgreSQL."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import permutations

import pytest
from sqlalchemy import Engine, text

from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from pipelines.etl.landing import LandingCounts, land
from pipelines.etl.repository import store
from pipelines.sources.base import PublishedRows, SourceError
from tests.testkit.rows import A, B, Row, fixture_row, map_row, published, rebuilt_from, series_row, whole

FIRST = map_row("2025-07-30", "FaZe", "Vitality", map_number="1", event="Cup")
SECOND = {**FIRST, "map": "Train", "map_number": "2"}
OTHER = map_row("2025-08-15", "Spirit", "Mouz", map_number="1", event="Cup")
SERIES = series_row("2025-09-01", "FaZe", "Spirit")
STANDING = {"date": "2025-08-04", "team": "FaZe", "roster": A, "rank": "1", "points": "1900.5"}


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    yield engine
    engine.dispose()


def load(engine: Engine, rows: PublishedRows, *, accept_losses: bool = False) -> LandingCounts:
    """Land the rows and rebuild the tables."""
    with engine.begin() as connection:
        counts = land(connection, SourceName.ARCHIVE, rows, accept_losses=accept_losses)
    rebuild(engine)
    return counts


def rebuild(engine: Engine) -> None:
    with engine.begin() as connection:
        store(connection, rebuilt_from(connection))


def ids(engine: Engine, table: str = "map_results", columns: str = "natural_key") -> dict[str, int]:
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text(f"SELECT {columns}, id FROM {table}"))}


def everything(*maps: Row) -> PublishedRows:
    return whole(published(maps, [SERIES], standing=[STANDING]))


def test_a_removed_row_is_one_fewer_and_returns_under_its_id(engine: Engine) -> None:
    load(engine, everything(FIRST, SECOND, OTHER))
    before = ids(engine)
    assert load(engine, everything(FIRST, OTHER)).retracted == 1
    assert ids(engine) == {key: number for key, number in before.items() if "Train" not in key}
    assert load(engine, everything(FIRST, OTHER)) == LandingCounts(seen=4, landed=0)
    assert load(engine, everything(FIRST, SECOND, OTHER)).landed == 1
    assert ids(engine) == before


def test_the_id_of_a_removed_row_is_given_to_no_other_row(engine: Engine) -> None:
    load(engine, everything(FIRST, SECOND))
    newest = max(ids(engine).values())
    load(engine, everything(FIRST))
    load(engine, everything(FIRST, OTHER))
    assert newest + 1 == max(ids(engine).values())


@pytest.mark.parametrize("change", [{"team1": "FaZe Clan"}, {"team1": "Falcons"}, {"date": "2025-07-31"}], ids=str)
def test_a_corrected_row_leaves_no_ghost_and_keeps_its_ids(engine: Engine, change: Row) -> None:
    load(engine, everything(FIRST, SECOND, OTHER))
    before, series = ids(engine), ids(engine, "series")
    corrected = [{**row, **change} for row in (FIRST, SECOND)]
    assert load(engine, everything(*corrected, OTHER)) == LandingCounts(seen=5, landed=2, retracted=2, corrected=2)
    assert sorted(ids(engine).values()) == sorted(before.values())
    assert sorted(ids(engine, "series").values()) == sorted(series.values())
    assert load(engine, everything(FIRST, SECOND, OTHER)).corrected == 2
    assert (ids(engine), ids(engine, "series")) == (before, series)


def test_ids_of_corrected_series_and_standings_stay(engine: Engine) -> None:
    load(engine, everything(FIRST))
    series, standings = ids(engine, "series"), ids(engine, "standings")
    moved = published([FIRST], [{**SERIES, "date": "2025-09-02"}], standing=[{**STANDING, "roster": B}])
    assert load(engine, whole(moved)).corrected == 2
    assert sorted(ids(engine, "series").values()) == sorted(series.values())
    assert sorted(ids(engine, "standings").values()) == sorted(standings.values())


@pytest.mark.parametrize("landed_month", [date(2025, 7, 1), date(2025, 8, 1), date(2024, 1, 1)])
def test_a_row_moved_to_another_month_moves_with_any_landing(engine: Engine, landed_month: date) -> None:
    load(engine, everything(FIRST, OTHER))
    before = ids(engine)
    rows = everything({**FIRST, "date": "2025-08-01"}, OTHER)
    assert load(engine, rows.in_months([landed_month])).corrected == 1
    assert sorted(ids(engine).values()) == sorted(before.values())


def test_a_source_that_publishes_a_part_retracts_nothing(engine: Engine) -> None:
    load(engine, published([FIRST, SECOND, OTHER]))
    assert load(engine, published([OTHER])).retracted == 0
    assert len(ids(engine)) == 3


def test_rows_after_today_are_not_gone(engine: Engine) -> None:
    """The clock of a demonstration may go back."""
    load(engine, everything(FIRST, OTHER))
    rows = everything(FIRST, OTHER)
    assert rows.content is not None
    earlier = published([FIRST], [SERIES], standing=[STANDING])
    assert load(engine, PublishedRows(earlier.frames, rows.content)).retracted == 0


def test_the_tables_are_the_same_whatever_order_the_contents_arrive_in(engine: Engine) -> None:
    corrected = [{**FIRST, "team1": "FaZe Clan"}, SECOND, OTHER]
    contents = [[FIRST, SECOND, OTHER], [FIRST, OTHER], corrected]
    final = everything(*corrected)
    tables = set()
    for order in permutations(contents):
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE raw_rows, result_ids, maps, teams, players, events CASCADE"))
        for maps in order:
            load(engine, everything(*maps))
        load(engine, final)
        tables.add(content(engine))
    assert len(tables) == 1


def content(engine: Engine) -> tuple[object, ...]:
    """Natural keys and values of the results."""
    with engine.connect() as connection:
        maps = connection.execute(text("SELECT natural_key, played_on, winner, order_in_day FROM map_results"))
        series = connection.execute(text("SELECT natural_key, first_day, winner FROM series"))
        return tuple(sorted(map(str, maps))), tuple(sorted(map(str, series)))


def many(n: int) -> list[Row]:
    return [map_row(f"2025-{month:02}-{day:02}") for month in range(1, 13) for day in range(1, 29)][:n]


@pytest.mark.parametrize(("stored", "held"), [(2, 0), (30, 0), (40, 10), (300, 270)])
def test_a_source_that_lost_many_rows_is_refused_until_confirmed(engine: Engine, stored: int, held: int) -> None:
    load(engine, whole(published(many(stored), [SERIES])))
    incomplete = whole(published(many(held), [SERIES]))
    with pytest.raises(SourceError, match=f"{stored - held} of {stored} stored map rows .* --accept-removed-rows"):
        load(engine, incomplete)
    assert len(ids(engine)) == stored
    assert load(engine, incomplete, accept_losses=True).retracted == stored - held
    assert len(ids(engine)) == held


@pytest.mark.parametrize(("stored", "held"), [(1, 0), (2, 1), (30, 10), (300, 280)])
def test_a_few_rows_may_go_without_a_confirmation(engine: Engine, stored: int, held: int) -> None:
    load(engine, whole(published(many(stored), [SERIES])))
    assert load(engine, whole(published(many(held), [SERIES]))).retracted == stored - held


def test_other_rows_do_not_make_up_for_lost_ones(engine: Engine) -> None:
    load(engine, whole(published(many(100))))
    others = [{**row, "team1": "One", "team2": "Two", "map": "Train", "score2": "3"} for row in many(100)]
    with pytest.raises(SourceError, match="100 of 100 stored map rows"):
        load(engine, whole(published(others)))


def test_many_corrected_rows_are_no_loss(engine: Engine) -> None:
    load(engine, whole(published(many(100))))
    corrected = [{**row, "team1": "Alphas"} for row in many(100)]
    assert load(engine, whole(published(corrected))) == LandingCounts(
        seen=100, landed=100, retracted=100, corrected=100
    )


def test_an_announced_match_is_gone_only_before_its_day(engine: Engine) -> None:
    fixtures = [fixture_row("2026-01-30T18:00Z"), fixture_row("2026-02-02T18:00Z", team2="Gamma")]
    load(engine, whole(published([FIRST], fixture=fixtures)))
    before = ids(engine, "fixtures")
    assert len(before) == 2
    assert load(engine, whole(published([FIRST]))).retracted == 1
    assert list(ids(engine, "fixtures")) == [key for key in before if "Gamma" not in key]
    load(engine, whole(published([FIRST], fixture=fixtures)))
    assert ids(engine, "fixtures") == before


def retracted(engine: Engine) -> Sequence[str]:
    with engine.connect() as connection:
        query = "SELECT retraction FROM raw_rows WHERE retraction IS NOT NULL ORDER BY id"
        return list(connection.scalars(text(query)))


def test_history_says_why_a_row_is_gone(engine: Engine) -> None:
    load(engine, everything(FIRST, SECOND, OTHER))
    load(engine, everything({**FIRST, "team1": "FaZe Clan"}, OTHER))
    assert retracted(engine) == [
        "corrected: |2025-07-30|Nuke|FaZe Clan|Vitality|1",
        "no longer in the source",
    ]
