"""Facts that a stored row takes from its duplicates in other sources."""

from typing import Any

import pandas as pd

from pipelines.etl.complete_rows import Duplicate, complete
from pipelines.etl.match_rows import identify_rows
from pipelines.etl.merge_sources import match_duplicates
from pipelines.etl.parse import parse
from pipelines.sources.base import RowKind
from tests.testkit.rows import A, B, Row, map_row, published

LINEUPS: dict[str, Any] = {"team1_players": A, "team2_players": B}


def completed(*rows: Row) -> dict[str, Any]:
    """Return the first row, completed by the others."""
    frame = parse(published(rows).frames[RowKind.MAP], RowKind.MAP).rows.sort_index()
    matches, _ = identify_rows(frame, frame.iloc[:0].assign(number_on_day=0))
    duplicates = [Duplicate(place, 0, matches[place], matches[0]) for place in range(1, len(rows))]
    result = complete(frame, duplicates)
    pd.testing.assert_series_equal(result.dtypes, frame.dtypes)
    pd.testing.assert_frame_equal(result.iloc[1:], frame.iloc[1:])
    first: dict[str, Any] = result.iloc[0].to_dict()
    return first


def test_a_known_fact_stays_and_a_missing_one_is_filled() -> None:
    row = completed(map_row("2025-07-01", event="Cup"), map_row("2025-07-01", event="Other", map_number="2"))
    assert (row["event"], row["map_number"]) == ("Cup", 2)


def test_facts_of_a_side_follow_the_team() -> None:
    flipped = map_row("2025-07-01", "Beta", "Alpha", 2, team1_players=B, team2_players=A, team1_rank="9")
    row = completed(map_row("2025-07-01", score1="", score2=""), flipped)
    assert (row["team1_players"], row["team2_players"], row["team2_rank"]) == (A, B, 9)
    assert (row["score1"], row["score2"]) == (13, 7)


def test_an_unusable_lineup_is_replaced() -> None:
    row = completed(map_row("2025-07-01", team1_players="ana|bob", team2_players=B), map_row("2025-07-01", **LINEUPS))
    assert row["team1_players"] == A


def test_rounds_of_a_row_with_another_winner_are_not_taken() -> None:
    row = completed(map_row("2025-07-01", score1="", score2=""), map_row("2025-07-01", winner=2))
    assert pd.isna(row["score1"])


def test_the_first_of_several_duplicates_fills_a_fact() -> None:
    rows = [map_row("2025-07-01"), map_row("2025-07-01", event="First"), map_row("2025-07-01", event="Second", lan="1")]
    row = completed(*rows)
    assert (row["event"], row["lan"]) == ("First", "1")


def test_each_row_has_one_duplicate_and_the_nearest_day_wins() -> None:
    days = ("2025-07-01", "2025-07-02", "2025-07-02")
    frame = parse(published([map_row(day) for day in days]).frames[RowKind.MAP], RowKind.MAP).rows.sort_index()
    (first, second, other), _ = identify_rows(frame, frame.iloc[:0])
    assert match_duplicates({2: other}, {0: first, 1: second}) == {2: 1}
    assert match_duplicates({1: second, 2: other}, {0: first}) == {1: 0}
