"""Decisions of operators: they win over evidence, from their day on."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from pipelines.etl.decisions import PLAYER, TEAM, Decision
from pipelines.etl.identify import People, PublishedMatch, Side, identify
from pipelines.etl.parse import parse
from pipelines.sources.base import RowKind

ABROAD, HOME = "Lucky|x1|y2|z3|w4", "Lucky|p5|q6|r7|s8"
FIVE, OTHER_FIVE = "a1|b2|c3|d4|e5", "f6|g7|h8|i9|j0"


def match(day: int, team: str, lineup: str = "") -> PublishedMatch:
    sides = (Side(team, tuple(lineup.split("|")) if lineup else ()), Side(f"Rival {day % 2}"))
    return PublishedMatch(day, sides, "Nuke", 1, frozenset(("one",)))


def decision(about: str, names: tuple[str, str], said: str, day: int = 100, **changes: Any) -> Decision:
    return Decision(day, about, names, **{"members": ("", ""), "is_one": said == "one", **changes})


def bearers(people: People, name: str = "Lucky") -> tuple[list[int], list[int]]:
    then, now = ([dict(first.roster or ())[name] for first, _ in pairs] for pairs in (people.then, people.now))
    return then, now


def teams(people: People) -> tuple[list[str], list[str]]:
    then, now = ([first.team[0] for first, _ in pairs] for pairs in (people.then, people.now))
    return then, now


ALTERNATING = [match(day, f"Team {day % 2}", HOME if day % 2 else ABROAD) for day in range(9)]
TRANSFER = [match(1, "One", ABROAD), match(2, "One", ABROAD), match(3, "Two", HOME), match(9, "Two", HOME)]


def test_two_bearers_become_one() -> None:
    people = identify(ALTERNATING, [decision(PLAYER, ("Lucky", "Lucky"), "one")])
    then, now = bearers(people)
    assert now == [1] * 9
    assert then[-2:] == [2, 1], "what was known then stays"
    assert people.player_homonyms == {}


def test_one_bearer_becomes_two_and_each_keeps_its_company() -> None:
    apart = decision(PLAYER, ("Lucky", "Lucky"), "two", day=5, members=("x1", "p5"))
    then, now = bearers(identify(TRANSFER, [apart]))
    assert now == [1, 1, 2, 2]
    assert then == [1, 1, 1, 2]


def test_a_decision_parts_bearers_with_a_common_mate() -> None:
    shared = "Lucky|x1|q6|r7|s8"
    rows = [match(1, "One", ABROAD), match(2, "Two", shared), match(3, "Two", HOME)]
    apart = decision(PLAYER, ("Lucky", "Lucky"), "two", members=("w4", "p5"))
    assert bearers(identify(rows))[1] == [1, 1, 1]
    assert bearers(identify(rows, [apart]))[1] in ([1, 1, 2], [1, 2, 2])


def test_the_last_decision_counts() -> None:
    apart = decision(PLAYER, ("Lucky", "Lucky"), "two", day=5, members=("x1", "p5"))
    assert bearers(identify(TRANSFER, [apart, decision(PLAYER, ("Lucky", "Lucky"), "one", day=6)]))[1] == [1] * 4


def test_two_nicknames_become_one_player() -> None:
    rows = [match(1, "One", "Old|x1|y2|z3|w4"), match(9, "One", "Fresh|x1|y2|z3|w4")]
    people = identify(rows, [decision(PLAYER, ("Old", "Fresh"), "one", day=5)])
    assert [pair[0].roster == people.now[0][0].roster for pair in people.now] == [True, True]
    undone = identify(rows, [decision(PLAYER, ("Old", "Fresh"), said, day=5) for said in ("one", "two")])
    assert ("Old", 1) not in (undone.now[1][0].roster or ())


RENAMED = [match(1, "Virtus.pro"), match(2, "Virtus.pro"), match(20, "Outsiders"), match(30, "Outsiders")]


def test_two_names_become_one_team() -> None:
    then, now = teams(identify(RENAMED, [decision(TEAM, ("virtuspro", "outsiders"), "one", day=25)]))
    assert now == ["virtuspro"] * 4
    assert then == ["virtuspro", "virtuspro", "outsiders", "virtuspro"]


def test_a_decision_about_a_name_that_appears_later_holds_from_its_first_match() -> None:
    then, _ = teams(identify(RENAMED, [decision(TEAM, ("outsiders", "virtuspro"), "one", day=3)]))
    assert then == ["virtuspro"] * 4


def test_no_evidence_undoes_a_decision() -> None:
    side_by_side = [row for day in range(0, 40, 2) for row in (match(day, "A", FIVE), match(day, "B", OTHER_FIVE))]
    assert set(teams(identify(side_by_side, [decision(TEAM, ("a", "b"), "one", day=1)]))[1]) == {"a"}


@pytest.mark.parametrize("day", [0, 25], ids=["before the evidence", "after it"])
def test_two_names_with_the_same_five_stay_two_teams(day: int) -> None:
    rows = [match(1, "Old name", FIVE), match(20, "New name", FIVE), match(30, "New name", FIVE)]
    assert teams(identify(rows))[1] == ["oldname"] * 3
    apart = decision(TEAM, ("oldname", "newname"), "two", day=day)
    assert teams(identify(rows, [apart]))[1] == ["oldname", "newname", "newname"]


def test_a_name_that_comes_back_is_one_team() -> None:
    rows = [match(1, "Phoenix", FIVE), match(900, "Phoenix", OTHER_FIVE)]
    assert [first.team for first, _ in identify(rows).now] == [("phoenix", 1), ("phoenix", 2)]
    people = identify(rows, [decision(TEAM, ("phoenix", "phoenix"), "one", day=800)])
    assert [first.team for first, _ in people.then] == [("phoenix", 1)] * 2


def reasons(**fields: str) -> Sequence[str]:
    row = {"date": "2025-01-05", "about": "team", "name1": "Alpha", "name2": "Beta", "verdict": "one", "row_key": "1"}
    parsed = parse(pd.DataFrame([row | fields], index=[7]), RowKind.IDENTITY)
    return parsed.reasons.get(7, [])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"about": "map"}, "about is neither team nor player"),
        ({"verdict": "three"}, "verdict is neither one nor two"),
        ({"name2": ""}, "no player is named"),
        ({"date": "soon"}, "date is not a day as YYYY-MM-DD"),
        ({"name2": "ALPHA", "verdict": "two"}, "two bearers of one name are told apart by member1 and member2"),
        ({"name2": "ALPHA", "verdict": "two", "member1": "x", "member2": "y"}, None),
    ],
    ids=["right", "about", "verdict", "name", "date", "bearers", "bearers told apart"],
)
def test_a_row_is_read_or_rejected_with_its_reason(fields: dict[str, str], reason: str | None) -> None:
    assert list(reasons(**fields)) == ([reason] if reason else [])
