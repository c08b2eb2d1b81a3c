"""Two real standings compared with the archive. docs/sources.md explains each difference."""

import tarfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.sources.base import PublishedRows, RowKind
from pipelines.sources.git import Clone
from pipelines.sources.valve import ValveSource, build_frames
from pipelines.sources.valve_standings import AllStandings
from tests.testkit.repositories import commit

pytestmark = pytest.mark.real_data

TODAY = date(2026, 1, 31)
FIRST_LISTED_HERE = (("2025_08_04", "2025-07-08", "2025-08-03"), ("2026_01_05", "2025-12-02", "2026-01-05"))
"""Standings of the sample, and the days whose series they are the first to list in the archive, too."""


@pytest.fixture(scope="module")
def repository(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    host = tmp_path_factory.mktemp("host")
    with tarfile.open(shared_data / "valve_vrs_sample.tar.gz") as sample:
        sample.extractall(host, filter="data")
    commit(host)
    clone = Clone(str(host), tmp_path_factory.mktemp("data") / "valve", pause_seconds=3600)
    clone.prepare()
    return clone


@pytest.fixture(scope="module")
def published(repository: Clone) -> PublishedRows:
    return ValveSource(repository).published(TODAY)


@pytest.fixture(scope="module")
def series(published: PublishedRows) -> pd.DataFrame:
    return published.frames[RowKind.SERIES]


@pytest.fixture(scope="module")
def archive(shared_data: Path) -> pd.DataFrame:
    return pd.read_csv(shared_data / "archive" / "series.csv.gz", dtype=str, keep_default_na=False)


def sides(row: dict[Any, Any], *more: str) -> list[tuple[Any, ...]]:
    """Return lineup, outcome and more columns of both sides, in an order independent of the names."""
    both = (
        (row[f"team{side}_players"], row["winner"] == side, *(row[f"team{side}{fact}"] for fact in more))
        for side in ("1", "2")
    )
    return sorted(both)


def facts(rows: pd.DataFrame, *more: str) -> Counter[Any]:
    """Count each series by its day and both sides."""
    return Counter((row["date"], *sides(row, *more)) for row in rows.to_dict("records"))


def between(rows: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    return rows[(rows["date"] >= first) & (rows["date"] <= last)]


def test_the_archive_has_every_series_with_the_same_winner(series: pd.DataFrame, archive: pd.DataFrame) -> None:
    assert len(series) == 7_864
    assert facts(series) - facts(archive) == Counter()


@pytest.mark.parametrize(("day", "first", "last", "n"), [(*FIRST_LISTED_HERE[0], 428), (*FIRST_LISTED_HERE[1], 385)])
def test_names_are_equal_if_the_same_standings_list_first(
    repository: Clone, archive: pd.DataFrame, day: str, first: str, last: str, n: int
) -> None:
    standings = AllStandings()
    folder = f"live/{day[:4]}/details/{day}"
    standings.parse_and_add(day.replace("_", "-"), repository.read_files(repository.head_commit(), folder))
    here = between(build_frames(standings)[RowKind.SERIES], first, last)
    assert len(here) == n
    assert facts(here, "") - facts(archive, "") == Counter()


def test_other_names_are_older_ones_of_renamed_teams(series: pd.DataFrame, archive: pd.DataFrame) -> None:
    """The archive took the other names from standings between the sample's two."""
    sample_rows, archive_rows = facts(series, ""), facts(archive, "")
    older = {(day, side[0]): side[2] for day, *both in archive_rows for side in both}
    renamed = Counter(
        (side[2], older[day, side[0]])
        for day, *both in (sample_rows - archive_rows).elements()
        for side in both
        if older[day, side[0]] != side[2]
    )
    assert (len(renamed), renamed.total()) == (119, 1_736)
    assert renamed["FUT", "NAVI Junior"] > 50


def test_series_of_the_archive_only_are_respelled_or_one_sided(series: pd.DataFrame, archive: pd.DataFrame) -> None:
    spelled, absent = 0, 0
    for _, first, last in FIRST_LISTED_HERE:
        sample_rows = between(series, first, last)
        players: dict[str, list[set[tuple[str, bool]]]] = {}
        for row in sample_rows.to_dict("records"):
            players.setdefault(row["date"], []).append(people(sides(row)))
        for day, *both in (facts(between(archive, first, last)) - facts(sample_rows)).elements():
            same = any(len(people(both) & other) >= 8 for other in players[day])
            spelled, absent = spelled + same, absent + (not same)
    assert (spelled, absent) == (78, 37)


def people(both: list[tuple[Any, ...]]) -> set[tuple[str, bool]]:
    return {(player, won) for lineup, won in both for player in lineup.split("|")}


def test_ranks_and_points_are_those_of_the_archive(series: pd.DataFrame, archive: pd.DataFrame) -> None:
    here = between(series, "2025-08-05", "2025-09-01")
    assert len(here) == 708
    assert facts(here, "_rank", "_points") - facts(archive, "_rank", "_points") == Counter()


def test_the_standings_are_those_of_the_archive(published: PublishedRows, shared_data: Path) -> None:
    archive = pd.read_csv(shared_data / "archive" / "rankings.csv.gz", dtype=str, keep_default_na=False)
    sample_rows = published.frames[RowKind.STANDING]
    columns = ["date", "team", "roster", "rank", "points", "starting_points", "region"]
    archive_rows = archive[archive["date"].isin(sample_rows["date"])]
    assert len(sample_rows) == len(archive_rows) == 578
    assert set(sample_rows[columns].itertuples(index=False, name=None)) == set(
        archive_rows[columns].itertuples(index=False, name=None)
    )
