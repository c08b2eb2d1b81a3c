"""Two sources about the same matches: each is stored once, the first named is believed, what only one knows is kept."""

import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import TableSet, rebuild
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import PublishedRows, RowKind
from pipelines.sources.git import Checkout
from pipelines.sources.valve import ValveSource
from tests.testkit.repositories import commit
from tests.testkit.rows import A, B, C, D, Row, map_row, outcomes, published, series_row

LINEUPS: dict[str, Any] = {"team1_players": A, "team2_players": B}
UNKNOWN: dict[str, Any] = {"team1_players": "", "team2_players": ""}


def together(*sources: PublishedRows) -> TableSet:
    """Rebuild from several sources, framed as ``load_newest_rows`` does."""
    frames: dict[RowKind, pd.DataFrame] = {}
    for kind in RowKind:
        parts = [
            source.frames[kind].assign(row_key=f"{rank}:" + source.frames[kind]["row_key"], source_rank=rank)
            for rank, source in enumerate(sources)
            if kind in source.frames
        ]
        if parts:
            frames[kind] = pd.concat(parts, ignore_index=True).fillna("")
    return rebuild(frames, Identities())


def told(*maps: Row, series: list[Row] | None = None, **others: list[Row]) -> PublishedRows:
    return published(maps, series or [], **others)


def test_a_map_of_two_sources_is_one_and_takes_what_the_first_does_not_know() -> None:
    first = map_row("2025-07-01", hltv_match_id="1", score1="", score2="")
    other = map_row(
        "2025-07-01", "Team Beta", "Alpha", 2, hltv_match_id="x", map_number="2", team1_players=B, team2_players=A
    )
    result = together(told(first), told(other))
    assert outcomes(result, RowKind.MAP) == ["stored", "merged"]
    [played] = result.tables.map_results.to_dict("records")
    assert (played["rounds1"], played["rounds2"], played["winner"]) == (13, 7, 1)
    assert not pd.isna(played["lineup1_id"])
    assert played["map_number"] == 2
    assert set(result.tables.team_aliases["name"]) == {"Alpha", "Beta", "Team Beta"}


def test_where_two_sources_contradict_each_other_the_one_named_first_is_believed() -> None:
    one, other = told(map_row("2025-07-01", **LINEUPS)), told(map_row("2025-07-01", winner=2, **LINEUPS))
    for sources, winner, rounds in (((one, other), 1, 13), ((other, one), 2, 7)):
        result = together(*sources)
        [played] = result.tables.map_results.to_dict("records")
        assert (played["winner"], played["rounds1"]) == (winner, rounds)
        assert result.counts["rows_of_other_sources_contradicting"] == 1


def test_the_days_of_two_sources_may_differ_by_one_where_the_match_ended_alike() -> None:
    first = told(series=[series_row("2025-07-01")])
    later, other_end = told(series=[series_row("2025-07-02")]), told(series=[series_row("2025-07-02", winner=2)])
    merged = together(first, later)
    assert outcomes(merged, RowKind.SERIES) == ["stored", "merged"]
    assert merged.tables.series["learn_day"].tolist() == [date(2025, 7, 2)]  # whoever is right, it is over then
    assert outcomes(together(first, other_end), RowKind.SERIES) == ["stored", "stored"]


def test_a_source_without_lineups_is_joined_by_the_names_of_the_teams() -> None:
    valve, official = told(series=[series_row("2025-07-01")]), told(series=[series_row("2025-07-01", **UNKNOWN)])
    for sources in ((valve, official), (official, valve)):
        result = together(*sources)
        assert outcomes(result, RowKind.SERIES) == ["stored", "merged"]
        assert result.tables.series[["lineup1_id", "lineup2_id"]].notna().all(axis=None)


def test_two_series_of_a_day_in_both_sources_stay_two() -> None:
    both = [series_row("2025-07-01", **UNKNOWN), series_row("2025-07-01", number_on_day="1", **UNKNOWN)]
    result = together(told(series=both), told(series=both))
    assert outcomes(result, RowKind.SERIES) == ["stored", "stored", "merged", "merged"]


def test_a_map_that_only_the_second_source_has_belongs_to_the_match_of_the_first() -> None:
    first = [map_row("2025-07-01", map=name, hltv_match_id="1") for name in ("Nuke", "Train")]
    other = [map_row("2025-07-01", map=name, hltv_match_id="x") for name in ("Nuke", "Train", "Mirage")]
    result = together(told(*first), told(*other))
    assert len(result.tables.map_results) == 3
    assert len(result.tables.series) == 1


def test_a_series_of_one_source_finds_the_maps_of_the_other_and_is_told_once_by_three() -> None:
    maps = told(map_row("2025-07-01", **LINEUPS), series=[series_row("2025-07-01")])
    series, official = told(series=[series_row("2025-07-01")]), told(series=[series_row("2025-07-01", **UNKNOWN)])
    result = together(series, official, maps)
    assert outcomes(result, RowKind.SERIES) == ["merged"] * 3
    assert len(result.tables.series) == len(result.tables.map_results) == 1


def test_statistics_and_standings_of_two_sources_are_stored_once() -> None:
    stats = {"date": "2025-07-01", "map": "Nuke", "team1": "Alpha", "team2": "Beta", "player": "ana"}
    stats |= {"hltv_match_id": "1", "kills": "20", "deaths": "10"}
    ranked = {"date": "2025-08-01", "team": "Alpha", "roster": A, "rank": "1", "points": "1900"}
    one = told(map_row("2025-07-01", **LINEUPS), player_map=[stats], standing=[ranked])
    moved = map_row("2025-07-02", **LINEUPS)
    other = told(moved, player_map=[{**stats, "date": "2025-07-02"}], standing=[ranked])
    result = together(one, other)
    assert outcomes(result, RowKind.PLAYER_MAP) == outcomes(result, RowKind.STANDING) == ["stored", "merged"]
    assert len(result.tables.player_map_stats) == len(result.tables.standings) == 1


def test_other_teams_of_the_day_are_not_merged() -> None:
    other = map_row("2025-07-01", "Gamma", "Delta", team1_players=C, team2_players=D)
    result = together(told(map_row("2025-07-01", **LINEUPS)), told(other))
    assert outcomes(result, RowKind.MAP) == ["stored", "stored"]


@pytest.mark.real_data
def test_valves_sample_beside_the_archive_adds_no_match(shared_data: Path, tmp_path: Path) -> None:
    """All its series stand in the archive: the tables are those of the archive alone, but for older names of teams."""
    with tarfile.open(shared_data / "valve_vrs_sample.tar.gz") as sample:
        sample.extractall(tmp_path, filter="data")
    commit(tmp_path)
    today = date(2026, 1, 31)
    recent = {
        kind: frame[frame["date"] >= "2025-01-01"].reset_index(drop=True)
        for kind, frame in ArchiveSource(shared_data / "archive").published(today).frames.items()
    }
    valve = ValveSource(Checkout(tmp_path)).published(today)
    assert valve.frames[RowKind.SERIES]["date"].min() >= "2025-01-01"
    alone, both = together(PublishedRows(recent)), together(PublishedRows(recent), valve)
    came_in = len(valve.frames[RowKind.SERIES])
    merged = outcomes(both, RowKind.SERIES).count("merged") - outcomes(alone, RowKind.SERIES).count("merged")
    rejected = both.rejections()["a team against itself"] - alone.rejections()["a team against itself"]
    columns = ["natural_key", "first_day", "last_day", "winner", "best_of"]
    assert both.tables.series[columns].equals(alone.tables.series[columns])
    assert (merged, rejected) == (7_856, 8)
    assert merged + rejected == came_in
    assert both.tables.standings["natural_key"].tolist() == alone.tables.standings["natural_key"].tolist()
