"""Numbers and winners as people write them."""

import math

import pandas as pd
import pytest

from pipelines.etl.numbers import read_numbers, read_winners


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("1900.5", 1900.5), (" 7 ", 7.0), ("1,900.5", 1900.5), ("1,234,567", 1234567.0), ("1 850", 1850.0)),
        *(("1\u00a0850,5", 1850.5), ("1.700,5", 1700.5), ("1.234.567", 1234567.0), ("1'900.5", 1900.5), ("3,5", 3.5)),
    ],
)
def test_a_number_with_one_meaning_is_read(text: str, number: float) -> None:
    numbers, ambiguous = read_numbers(pd.Series([text], dtype=str))
    assert numbers.tolist() == [number]
    assert ambiguous.tolist() == [False]


def test_a_comma_before_three_digits_is_ambiguous_and_other_texts_are_no_number() -> None:
    numbers, ambiguous = read_numbers(pd.Series(["1,900", "abc", "", "1,90,0", "12 34"], dtype=str))
    assert all(map(math.isnan, numbers))
    assert ambiguous.tolist() == [True, False, False, False, False]


def test_a_winner_is_a_side_or_the_name_of_one_team() -> None:
    texts = ["1", "1.0", " 2", "team2", "Team1", "Ravens", "HARBOR", "Lanterns", "", "true"]
    frame = pd.DataFrame({"winner": texts, "team1": "Team Ravens", "team2": "Harbor"}, dtype=str)
    assert read_winners(frame).tolist() == ["1", "1.0", " 2", "2", "1", "1", "2", "Lanterns", "", "true"]


def test_a_winner_with_two_meanings_stays_unread() -> None:
    frame = pd.DataFrame({"winner": ["team1"], "team1": ["Harbor"], "team2": ["team1"]}, dtype=str)
    assert read_winners(frame).tolist() == ["team1"]


def test_no_rows_have_no_winners() -> None:
    assert read_winners(pd.DataFrame(columns=["date", "winner"])).tolist() == []
