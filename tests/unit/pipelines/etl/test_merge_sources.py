"""Two sources of the same matches: each match is stored once, the first source wins, missing facts are added."""

from datetime import date
from typing import Any

import pandas as pd

from pipelines.sources.base import PublishedRows, RowKind
from tests.testkit.rows import A, B, C, D, Row, map_row, outcomes, published, series_row, together

LINEUPS: dict[str, Any] = {"team1_players": A, "team2_players": B}
UNKNOWN: dict[str, Any] = {"team1_players": "", "team2_players": ""}


def source(*maps: Row, series: list[Row] | None = None, **others: list[Row]) -> PublishedRows:
    return published(maps, series or [], **others)


def test_a_map_of_two_sources_is_stored_once_and_completed() -> None:
    first = map_row("2025-07-01", hltv_match_id="1", score1="", score2="")
    other = map_row(
        "2025-07-01", "Team Beta", "Alpha", 2, hltv_match_id="x", map_number="2", team1_players=B, team2_players=A
    )
    result = together(source(first), source(other))
    assert outcomes(result, RowKind.MAP) == ["stored", "merged"]
    [played] = result.tables.map_results.to_dict("records")
    assert (played["rounds1"], played["rounds2"], played["winner"]) == (13, 7, 1)
    assert not pd.isna(played["lineup1_id"])
    assert played["map_number"] == 2
    assert set(result.tables.team_aliases["name"]) == {"Alpha", "Beta", "Team Beta"}


def test_the_first_source_wins_a_contradiction() -> None:
    one, other = source(map_row("2025-07-01", **LINEUPS)), source(map_row("2025-07-01", winner=2, **LINEUPS))
    for sources, winner, rounds in (((one, other), 1, 13), ((other, one), 2, 7)):
        result = together(*sources)
        [played] = result.tables.map_results.to_dict("records")
        assert (played["winner"], played["rounds1"]) == (winner, rounds)
        assert result.counts["rows_of_other_sources_contradicting"] == 1


def test_days_may_differ_by_one_if_the_winners_agree() -> None:
    first = source(series=[series_row("2025-07-01")])
    later, other_end = source(series=[series_row("2025-07-02")]), source(series=[series_row("2025-07-02", winner=2)])
    merged = together(first, later)
    assert outcomes(merged, RowKind.SERIES) == ["stored", "merged"]
    assert merged.tables.series["learn_day"].tolist() == [date(2025, 7, 2)]  # by then the match has ended
    assert outcomes(together(first, other_end), RowKind.SERIES) == ["stored", "stored"]


def test_rows_without_lineups_are_joined_by_team_names() -> None:
    valve, official = source(series=[series_row("2025-07-01")]), source(series=[series_row("2025-07-01", **UNKNOWN)])
    for sources in ((valve, official), (official, valve)):
        result = together(*sources)
        assert outcomes(result, RowKind.SERIES) == ["stored", "merged"]
        assert result.tables.series[["lineup1_id", "lineup2_id"]].notna().all(axis=None)


def test_two_series_of_a_day_in_both_sources_stay_two() -> None:
    both = [series_row("2025-07-01", **UNKNOWN), series_row("2025-07-01", number_on_day="1", **UNKNOWN)]
    result = together(source(series=both), source(series=both))
    assert outcomes(result, RowKind.SERIES) == ["stored", "stored", "merged", "merged"]


def test_a_map_of_the_second_source_alone_joins_the_first_series() -> None:
    first = [map_row("2025-07-01", map=name, hltv_match_id="1") for name in ("Nuke", "Train")]
    other = [map_row("2025-07-01", map=name, hltv_match_id="x") for name in ("Nuke", "Train", "Mirage")]
    result = together(source(*first), source(*other))
    assert len(result.tables.map_results) == 3
    assert len(result.tables.series) == 1


def test_a_series_of_three_sources_joins_its_maps_once() -> None:
    maps = source(map_row("2025-07-01", **LINEUPS), series=[series_row("2025-07-01")])
    series, official = source(series=[series_row("2025-07-01")]), source(series=[series_row("2025-07-01", **UNKNOWN)])
    result = together(series, official, maps)
    assert outcomes(result, RowKind.SERIES) == ["merged"] * 3
    assert len(result.tables.series) == len(result.tables.map_results) == 1


def test_statistics_and_standings_of_two_sources_are_stored_once() -> None:
    stats = {"date": "2025-07-01", "map": "Nuke", "team1": "Alpha", "team2": "Beta", "player": "ana"}
    stats |= {"hltv_match_id": "1", "kills": "20", "deaths": "10"}
    ranked = {"date": "2025-08-01", "team": "Alpha", "roster": A, "rank": "1", "points": "1900"}
    one = source(map_row("2025-07-01", **LINEUPS), player_map=[stats], standing=[ranked])
    moved = map_row("2025-07-02", **LINEUPS)
    other = source(moved, player_map=[{**stats, "date": "2025-07-02"}], standing=[ranked])
    result = together(one, other)
    assert outcomes(result, RowKind.PLAYER_MAP) == outcomes(result, RowKind.STANDING) == ["stored", "merged"]
    assert len(result.tables.player_map_stats) == len(result.tables.standings) == 1


def test_other_teams_of_the_day_are_not_merged() -> None:
    other = map_row("2025-07-01", "Gamma", "Delta", team1_players=C, team2_players=D)
    result = together(source(map_row("2025-07-01", **LINEUPS)), source(other))
    assert outcomes(result, RowKind.MAP) == ["stored", "stored"]
