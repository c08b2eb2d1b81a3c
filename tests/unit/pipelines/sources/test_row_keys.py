"""Keys of rows: one spelling of an id, one row an id, and a warning for rows that may be two."""

import pandas as pd
import pytest

from pipelines.sources.base import RowKind
from pipelines.sources.row_keys import canonical_id, canonical_number, repeated_rows, with_row_keys
from tests.testkit.rows import Row, map_row, series_row


def keys(*rows: Row, kind: RowKind = RowKind.MAP) -> list[str]:
    return with_row_keys(pd.DataFrame(rows, dtype=str), kind)["row_key"].tolist()


@pytest.mark.parametrize("text", ["1", "1.0", "1.", " 1", "1 ", "01", "0001.000"])
def test_a_number_has_one_spelling(text: str) -> None:
    assert canonical_number(text) == "1"
    assert canonical_id(text) == "1"


@pytest.mark.parametrize(("text", "id_"), [("12.5", "12.5"), ("m1", "m1"), ("10", "10"), ("1e5", "1e5")])
def test_other_ids_stay_as_they_are(text: str, id_: str) -> None:
    assert canonical_id(text) == id_


@pytest.mark.parametrize("text", ["", " ", "0", "0.0", "nan", "None", "NULL", "-"])
def test_a_text_that_stands_for_no_id_is_none(text: str) -> None:
    assert canonical_id(text) == ""


@pytest.mark.parametrize("other", ["1.0", " 1", "01"])
def test_rows_with_one_id_have_one_key(other: str) -> None:
    first, second = keys(map_row("2025-07-01", hltv_map_id="1"), map_row("2025-07-02", hltv_map_id=other))
    assert first == second == "hltv:1"


def test_rows_without_an_id_that_are_alike_have_two_keys() -> None:
    rows = [map_row("2025-07-01", map_number="1"), map_row("2025-07-01", map_number="1.0")]
    assert len(set(keys(*rows))) == 2
    assert keys(*rows)[0] == keys(rows[1])[0]


def test_a_missing_id_is_not_shared() -> None:
    rows = [map_row("2025-07-01", hltv_map_id="nan"), map_row("2025-07-02", hltv_map_id="nan")]
    assert len(set(keys(*rows))) == 2


def test_repeated_rows_are_described() -> None:
    with_ids = [map_row("2025-07-01", hltv_map_id="1"), map_row("2025-07-01", hltv_map_id="1.0")]
    frame = with_row_keys(pd.DataFrame([*with_ids, *[map_row("2025-07-02")] * 2], dtype=str), RowKind.MAP)
    assert repeated_rows(frame, RowKind.MAP) == [
        "1 rows repeat the id of another row: the last row of an id counts",
        "1 rows without an id repeat another row in every column: each counts as a match",
    ]
    other = with_row_keys(pd.DataFrame([map_row("2025-07-02"), map_row("2025-07-02", winner=2)]), RowKind.MAP)
    assert repeated_rows(other, RowKind.MAP) == []


def test_series_are_numbered_within_their_day() -> None:
    rows = [series_row("2025-07-01"), series_row("2025-07-01", number_on_day="0.0"), series_row("2025-07-01", "Gamma")]
    first, second, third = keys(*rows, kind=RowKind.SERIES)
    assert (second, third) == (f"{first}#2", "2025-07-01|Gamma|Beta|0")
