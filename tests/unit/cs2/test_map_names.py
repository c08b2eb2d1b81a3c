"""Spellings of map names."""

import pytest

from cs2.map_names import canonical_map_name
from tests.testkit.rows import map_row, rebuilt


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("Nuke", "Nuke"),
        ("NUKE", "Nuke"),
        ("de_nuke", "Nuke"),
        (" nuke ", "Nuke"),
        ("Dust 2", "Dust2"),
        ("Dust II", "Dust2"),
        ("de_dust2", "Dust2"),
        ("cbble", "Cobblestone"),
        ("de_thera", "Thera"),
        ("Thera", "Thera"),
        ("", ""),
        ("-", ""),
    ],
)
def test_spellings_of_one_map_have_one_name(spelling: str, expected: str) -> None:
    assert canonical_map_name(spelling) == expected


def test_spellings_of_one_map_are_one_entry_and_a_new_map_is_a_new_one() -> None:
    names = ["Nuke", "de_nuke", "Dust II", "Dust2", "de_thera"]
    rows = [map_row(f"2025-07-0{day}", map=name) for day, name in enumerate(names, 1)]
    tables = rebuilt(rows).tables
    assert sorted(tables.maps["name"]) == ["Dust2", "Nuke", "Thera"]
    assert tables.map_results["map_id"].nunique() == 3
