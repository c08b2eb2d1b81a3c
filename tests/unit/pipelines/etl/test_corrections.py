"""Rows that are gone and rows that are new: which of them are one row that was corrected."""

import pandas as pd
import pytest

from pipelines.etl.corrections import match_corrections
from pipelines.sources.base import RowKind
from pipelines.sources.row_keys import with_row_keys
from tests.testkit.rows import A, B, C, Row, map_row, series_row

MAP = map_row("2025-07-05", "FaZe", "Vitality", map_number="1", event="Cup")
SERIES = series_row("2025-07-05", "FaZe", "Vitality")


def corrections(gone: list[Row], new: list[Row], kind: RowKind = RowKind.MAP) -> list[tuple[int, int]]:
    """Positions of the rows that are gone, and of the new ones that correct them."""
    before, after = (with_row_keys(pd.DataFrame(rows, dtype=str), kind) for rows in (gone, new))
    matched = match_corrections(before, after, kind)
    places = [{key: place for place, key in enumerate(frame["row_key"])} for frame in (before, after)]
    return sorted((places[0][key], places[1][other]) for key, other in matched.items())


@pytest.mark.parametrize(
    "change",
    [
        {"team1": "FaZe Clan"},
        {"team1": "Mouz"},
        {"date": "2025-07-06"},
        {"date": "2025-07-04"},
        {"date": "2024-07-05"},
        {"date": "2025-07-06", "team1": "Mouz"},
        {"map_number": "2"},
        {"map_number": ""},
        {"map": "Train"},
        {"team1": "Mouz", "team2": "Spirit"},
        {"hltv_match_id": "77"},
        {"team1": "Vitality", "team2": "FaZe", "winner": "2", "score1": "7", "score2": "13"},
    ],
    ids=str,
)
def test_a_map_row_with_one_correction_is_the_same_row(change: Row) -> None:
    assert corrections([MAP], [{**MAP, **change}]) == [(0, 0)]


@pytest.mark.parametrize(
    "change",
    [
        {"team1": "Mouz", "score2": "9"},
        {"date": "2025-07-08", "event": "League"},
        {"map": "Train", "winner": "2", "score1": "3"},
        {"team1": "Mouz", "team2": "Spirit", "event": ""},
    ],
    ids=str,
)
def test_a_map_row_that_differs_in_too_much_is_another_one(change: Row) -> None:
    assert corrections([MAP], [{**MAP, **change}]) == []


def test_the_maps_of_a_corrected_match_keep_their_order() -> None:
    maps = [{**MAP, "map": name, "map_number": str(n)} for n, name in enumerate(("Nuke", "Train", "Inferno"), 1)]
    moved = [{**row, "date": "2025-07-06"} for row in maps]
    assert corrections(maps, moved[::-1]) == [(0, 2), (1, 1), (2, 0)]


def test_of_two_equal_rows_each_is_corrected_once() -> None:
    renamed = {**MAP, "team1": "FaZe Clan"}
    assert corrections([MAP, MAP], [renamed, renamed]) == [(0, 0), (1, 1)]
    assert corrections([MAP, MAP], [renamed]) == [(0, 0)]


def test_weak_evidence_with_two_candidates_decides_nothing() -> None:
    """One team lost the same map of the day to two others, with the same rounds."""
    assert corrections([MAP], [{**MAP, "team1": "Mouz"}, {**MAP, "team1": "Spirit"}]) == []


@pytest.mark.parametrize("change", [{"team1": "FaZe Clan"}, {"date": "2025-07-06"}, {"team1": "Mouz"}], ids=str)
def test_a_corrected_series_row_is_the_same_row(change: Row) -> None:
    other = series_row("2025-07-05", "Spirit", "Mouz", team1_players=C, team2_players=B)
    assert corrections([SERIES], [other, {**SERIES, **change}], RowKind.SERIES) == [(0, 1)]


def test_a_corrected_standing_is_the_same_row() -> None:
    standing = {"date": "2025-08-04", "team": "Alpha", "roster": A, "rank": "1", "points": "1900.5"}
    assert corrections([standing], [{**standing, "roster": B}], RowKind.STANDING) == [(0, 0)]
    assert corrections([standing], [{**standing, "team": "Alfa", "roster": B}], RowKind.STANDING) == [(0, 0)]


def test_announced_matches_have_no_successor() -> None:
    fixture = {"date": "2025-07-05", "event": "Cup", "team1": "FaZe", "team2": "Vitality"}
    assert corrections([fixture], [{**fixture, "date": "2025-07-06"}], RowKind.FIXTURE) == []
