"""Checks of published rows: each warns about bad rows and passes on good ones."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from cs2.settings import SourceName, get_settings
from pipelines.defs.etl import checks
from pipelines.defs.etl.assets import match_tables
from pipelines.etl.landing import land
from pipelines.resources import Database
from tests.testkit.rows import A, B, Row, map_row, published, series_row

ALL = [
    checks.sources_are_fresh,
    checks.rows_are_as_many_as_usual,
    checks.few_rows_are_rejected,
    checks.map_pool_is_known,
    checks.one_team_a_lineup,
    checks.scores_are_possible,
    checks.lineups_have_five,
]
GOOD = [
    *(map_row(f"2025-{month:02}-{day:02}") for month in range(8, 13) for day in range(1, 29, 2)),
    *(map_row(f"2026-01-{day:02}", team1_players=A, team2_players=B) for day in range(1, 32)),
    *(map_row(f"2026-01-{day:02}", team1="Gamma", team2="Delta") for day in range(2, 32)),
]


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CS2_SOURCES", "archive")
    monkeypatch.setenv("CS2_CLOCK_DATE", "2026-01-31")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def failed(database: Database, maps: list[Row], **others: Any) -> dict[str, str | None]:
    """Land rows, rebuild the tables, and return the failed checks with their descriptions."""
    with database.engine() as engine, engine.begin() as connection:
        land(connection, SourceName.ARCHIVE, published(maps, **others))
    dg.materialize([match_tables], resources={"database": database})
    failures = {}
    for check in ALL:
        result = check(database=database)
        assert isinstance(result, dg.AssetCheckResult)
        assert result.severity is dg.AssetCheckSeverity.WARN
        if not result.passed:
            failures[check.check_key.name] = result.description
    return failures


def test_good_rows_pass_all_checks(database: Database) -> None:
    overtime = [
        map_row("2026-01-30", score1="16", score2="14"),
        map_row("2026-01-30", score1="22", score2="18"),
        map_row("2022-05-01", score1="16", score2="14"),
        map_row("2022-05-02", score1="19", score2="15"),
    ]
    assert failed(database, [*GOOD, *overtime]) == {}


def test_a_renamed_team_is_one_team(database: Database) -> None:
    assert failed(database, [*GOOD, map_row("2026-01-30", team1="Renamed", team1_players=A)]) == {}


@pytest.mark.parametrize(
    ("rows", "name", "description"),
    [
        ([map_row("2026-01-30", score1="14", score2="7")], "scores_are_possible", "1 impossible"),
        ([map_row("2026-01-30", score1="13", score2="12")], "scores_are_possible", "1 impossible"),
        ([map_row("2026-01-30", score1="16", score2="8")], "scores_are_possible", "1 impossible"),
        ([map_row("2026-01-30", score1="17", score2="15")], "scores_are_possible", "1 impossible"),
        ([map_row("2026-01-30", map="Atoll")], "map_pool_is_known", "Atoll is new"),
        (
            [map_row("2026-01-29", "Alpha", "Rival"), map_row("2026-01-30", team1="Rival", team1_players=A)],
            "one_team_a_lineup",
            "Alpha = Rival",
        ),
        ([map_row(f"2026-01-{d}", team1_players="a|b|c|d") for d in (10, 20)], "lineups_have_five", "2 of 133"),
        ([map_row(f"2026-01-{d}", team1="Beta") for d in range(10, 20)], "few_rows_are_rejected", "map: 7.1%"),
        (
            [map_row(f"2025-12-{d:02}", f"T{n}", f"U{n}") for d in range(1, 9) for n in range(5)],
            "rows_are_as_many_as_usual",
            "usual are",
        ),
    ],
)
def test_bad_rows_fail_one_check(database: Database, rows: list[Row], name: str, description: str) -> None:
    failures = failed(database, [*GOOD, *rows])
    assert set(failures) == {name}
    assert description in str(failures[name])


def test_a_source_without_recent_results_is_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_CLOCK_DATE", "2026-02-08")
    get_settings.cache_clear()
    assert failed(database, GOOD)["sources_are_fresh"] == "archive: 8 days"


def test_freshness_covers_exactly_the_configured_sources(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_SOURCES", "archive,valve")
    get_settings.cache_clear()
    assert failed(database, GOOD)["sources_are_fresh"] == "valve: nothing yet"
    monkeypatch.setenv("CS2_SOURCES", "valve")
    get_settings.cache_clear()
    with database.engine() as engine, engine.begin() as connection:
        land(connection, SourceName.VALVE, published(series=[series_row("2026-01-30")]))
    monkeypatch.setenv("CS2_CLOCK_DATE", "2026-02-06")  # the archive would be fresh until the 7th
    get_settings.cache_clear()
    result = checks.sources_are_fresh(database=database)
    assert isinstance(result, dg.AssetCheckResult)
    assert result.passed


def test_lineups_of_series_are_checked(database: Database) -> None:
    rows = [series_row(f"2026-01-{day}", "Eta", "Theta", team2_players="x|y") for day in (10, 14)]
    assert "lineups_have_five" in failed(database, GOOD, series=rows)
