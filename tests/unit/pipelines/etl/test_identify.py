"""Identities: homonyms, spellings, academies; decided from teammates, and from the past only."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.etl.identify import identify
from pipelines.spelling import canonical_nicknames, team_key
from tests.testkit.rows import A, B, C, D, map_row, rebuilt

LUCKY_ABROAD = "Lucky|x1|y2|z3|w4"
LUCKY_AT_HOME = "Lucky|p5|q6|r7|s8"


def sides(*rows: tuple[int, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["day", "team", "lineup"])


def homonym_numbers(name: str, *rows: tuple[int, str, str]) -> list[int]:
    """Return the homonym number of a nickname in each row."""
    return [dict(lineup)[name] for lineup in identify(sides(*rows)).rosters if lineup]


def test_disjoint_lineups_on_one_day_are_two_players() -> None:
    assert sorted(homonym_numbers("Lucky", (1, "One", LUCKY_ABROAD), (1, "Two", LUCKY_AT_HOME))) == [1, 2]


def test_homonyms_are_distinguished_by_their_mates_afterwards() -> None:
    both = [(1, "One", LUCKY_ABROAD), (1, "Two", LUCKY_AT_HOME)]
    later = [(2, "Two", LUCKY_AT_HOME), (3, "One", LUCKY_ABROAD), (4, "Three", "Lucky|p5|q6|new|newer")]
    abroad, at_home, *afterwards = homonym_numbers("Lucky", *both, *later)
    assert abroad != at_home
    assert afterwards == [at_home, abroad, at_home]


def test_rows_before_the_first_meeting_are_not_revised() -> None:
    past = [(1, "One", LUCKY_ABROAD), (2, "Two", LUCKY_AT_HOME)]  # at that time, the same as a transfer
    meeting = [(3, "One", LUCKY_ABROAD), (3, "Two", LUCKY_AT_HOME)]
    assert homonym_numbers("Lucky", *past) == homonym_numbers("Lucky", *past, *meeting)[:2] == [1, 1]


def test_lineups_that_share_a_mate_are_one_player_on_one_day() -> None:
    assert homonym_numbers("Lucky", (1, "One", LUCKY_ABROAD), (1, "Two", "Lucky|x1|q6|r7|s8")) == [1, 1]


def test_homonymous_teams_are_distinguished_by_lineups() -> None:
    people = identify(sides((1, "Wolves", A), (1, "Wolves Esports", B), (2, "Team Wolves", B), (3, "Wolves", "")))
    assert people.teams == [("wolves", 1), ("wolves", 2), ("wolves", 2), ("wolves", 2)]
    assert people.team_homonyms == {"wolves": 2}


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["U", "V"]), st.sampled_from([A, B, C, D, ""]))))
def test_the_future_changes_no_identity(rows: list[tuple[int, str, str]]) -> None:
    whole = identify(sides(*rows))
    for day in range(5):
        known = [position for position, row in enumerate(rows) if row[0] <= day]
        if known:
            past = identify(sides(*(rows[position] for position in known)))
            assert past.teams == [whole.teams[position] for position in known]
            assert past.rosters == [whole.rosters[position] for position in known]


def test_a_spelling_in_an_otherwise_equal_lineup_is_an_alias() -> None:
    lineups = [("flash", "b", "c", "d", "e"), ("fl4sh", "b", "c", "d", "e"), ("flash", "b", "c", "d", "f")]
    assert canonical_nicknames(lineups) == {"fl4sh": "flash"}


def test_a_replaced_player_with_another_name_is_no_alias() -> None:
    assert canonical_nicknames([("flash", "b", "c", "d", "e"), ("donk", "b", "c", "d", "e")]) == {}


def test_two_spellings_that_stood_side_by_side_are_two_players() -> None:
    lineups = [("flash", "b", "c", "d", "e"), ("fl4sh", "b", "c", "d", "e"), ("flash", "fl4sh", "c", "d", "e")]
    assert canonical_nicknames(lineups) == {}


def test_both_spellings_name_one_player_in_the_tables() -> None:
    first = map_row("2025-01-01", team1_players="flash|b1|c2|d3|e4", team2_players=B)
    second = map_row("2025-01-02", team1_players="fl4sh|b1|c2|d3|e4", team2_players=B)
    tables = rebuilt([first, second, {**first, "date": "2025-01-03"}]).tables
    aliases = tables.player_aliases.set_index("nickname")["player_id"]
    assert aliases["flash"] == aliases["fl4sh"]
    assert tables.map_results["lineup1_id"].nunique() == 1


def test_the_name_key_drops_filler_words_and_punctuation() -> None:
    assert team_key("Team Liquid") == team_key("Liquid") == "liquid"
    assert team_key("Natus Vincere") == team_key("NAVI") == "navi"
    assert team_key("The Gaming Club") == "x"
