"""Identities: homonyms, links and spellings; what is known then uses the past only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.etl.identify import People, PublishedMatch, Side, identify
from pipelines.spelling import team_key
from tests.testkit.rows import A, B, C, D, map_row, rebuilt

LUCKY_ABROAD = "Lucky|x1|y2|z3|w4"
LUCKY_AT_HOME = "Lucky|p5|q6|r7|s8"
A_RESPELLED = A.replace("ana", "anna")


def match(day: int, team: str, lineup: str, winner: int = 1, publisher: str = "one") -> PublishedMatch:
    """A map against a team without lineup."""
    sides = (Side(team, tuple(lineup.split("|")) if lineup else ()), Side(f"Rival {day % 2}"))
    return PublishedMatch(day, sides, "Nuke", winner, frozenset((publisher,)))


def homonym_numbers(name: str, people: People) -> tuple[list[int], list[int]]:
    """Return the homonym number of a nickname in each row: then, and now."""
    then, now = ([dict(first.roster or ())[name] for first, _ in pairs] for pairs in (people.then, people.now))
    return then, now


def test_two_players_are_told_apart_once_they_go_on_side_by_side() -> None:
    days = [match(day, f"Team {day % 2}", LUCKY_AT_HOME if day % 2 else LUCKY_ABROAD) for day in range(9)]
    then, now = homonym_numbers("Lucky", identify(days))
    assert now == [1, 2, 1, 2, 1, 2, 1, 2, 1]
    assert then[:7] == [1] * 7
    assert then[-2:] == [2, 1]


def test_a_transfer_is_one_player_although_both_teams_play_on_one_day() -> None:
    rows = [match(1, "One", LUCKY_ABROAD), match(2, "One", LUCKY_ABROAD), match(2, "Two", LUCKY_AT_HOME)]
    assert homonym_numbers("Lucky", identify([*rows, match(3, "Two", LUCKY_AT_HOME)])) == ([1] * 4, [1] * 4)


def test_a_rename_is_one_team_and_the_old_name_comes_first() -> None:
    people = identify([match(1, "Apogee", A), match(2, "Betclic", A), match(3, "Betclic", "")])
    assert [first.team for first, _ in people.now] == [("apogee", 1)] * 3
    assert [first.named_team for first, _ in people.now] == [("apogee", 1), ("betclic", 1), ("betclic", 1)]


def test_a_nickname_on_both_sides_leaves_both_lineups_unknown() -> None:
    sides = (Side("One", tuple(LUCKY_ABROAD.split("|"))), Side("Two", tuple(LUCKY_AT_HOME.split("|"))))
    people = identify([PublishedMatch(1, sides, "Nuke")])
    assert [side.roster for side in people.now[0]] == [None, None]


rows = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["U", "V", "Vs"]),
        st.sampled_from([A, A_RESPELLED, B, C, D, ""]),
        st.integers(1, 2),
        st.sampled_from(["one", "two"]),
    ),
    max_size=25,
)


@given(rows)
def test_the_future_changes_nothing_that_was_known_then(drawn: list[tuple[int, str, str, int, str]]) -> None:
    whole = identify([match(*row) for row in drawn])
    for day in sorted({row[0] for row in drawn}):
        known = [position for position, row in enumerate(drawn) if row[0] <= day]
        past = identify([match(*drawn[position]) for position in known])
        assert past.then == [whole.then[position] for position in known]


@given(rows)
def test_results_of_a_day_change_no_identity_of_that_day(drawn: list[tuple[int, str, str, int, str]]) -> None:
    last = max((row[0] for row in drawn), default=0)
    flipped = [(*row[:3], 3 - row[3], row[4]) if row[0] == last else row for row in drawn]
    assert identify([match(*row) for row in drawn]).then == identify([match(*row) for row in flipped]).then


def spelled(*lineups: str) -> list[int]:
    """Return the number of players behind the first nickname of all lineups, then and now."""
    people = identify([match(day, "One", lineup) for day, lineup in enumerate(lineups)])
    firsts = [lineup.split("|")[0] for lineup in lineups]
    return [
        len({next(each for each in pair[0].roster or () if each[0] in firsts) for pair in pairs})
        for pairs in (people.then, people.now)
    ]


FLASH, VARIANT = "flash|b1|c2|d3|e4", "fl4sh|b1|c2|d3|e4"


def test_a_spelling_in_an_otherwise_equal_lineup_is_an_alias() -> None:
    assert spelled(FLASH, VARIANT, FLASH) == [1, 1]


def test_what_shows_two_spellings_to_be_one_changes_nothing_before() -> None:
    assert spelled("flash|b1|c2|d3|z9", VARIANT, FLASH) == [2, 1]


def test_a_replaced_player_with_another_name_is_no_alias() -> None:
    assert spelled(FLASH, "donk|b1|c2|d3|e4") == [2, 2]


def test_two_spellings_that_stand_side_by_side_later_are_two_players() -> None:
    people = identify([match(day, "One", each) for day, each in enumerate((FLASH, VARIANT, "flash|fl4sh|c2|d3|e4"))])
    assert people.player_links == {}
    assert len(people.now[2][0].roster or ()) == 5


def test_two_variants_in_one_lineup_are_found_one_after_the_other() -> None:
    lineups = ["flash|bravo|c2|d3|e4", "fl4sh|bravo|c2|d3|e4", "fl4sh|br4vo|c2|d3|e4"]
    people = identify([match(day, "One", each) for day, each in enumerate(lineups)])
    assert len({pair[0].roster for pair in people.now}) == 1


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Famalicão", "Famalicao"),
        ("Røde", "RODE"),
        ("Wisła Płock", "Wisla Plock"),
        ("Straße", "strasse"),
        ("Ravens", " Ravens\u00a0"),
        ("Ravens", "Rav\u200bens"),
        ("Ravens", "\u202eRavens"),
        ("Ravens", "ＲＡＶＥＮＳ"),
    ],
)
def test_accents_and_invisible_signs_make_no_other_name(one: str, other: str) -> None:
    assert team_key(one) == team_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Вихрь", "龙虎"), ("Ravens", "Rаvens"), ("THE", "X"), ("X", "?"), ("🔥🔥", "?"), ("The Team", "Esports Club")],
    ids=["scripts", "Cyrillic a", "fillers and a letter", "a letter and a sign", "signs", "fillers"],
)
def test_names_with_other_letters_are_other_names(one: str, other: str) -> None:
    assert team_key(one) != team_key(other)
