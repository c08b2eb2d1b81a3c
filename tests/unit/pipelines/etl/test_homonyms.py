"""Homonyms: one bearer until two go on side by side."""

from collections.abc import Iterable

from pipelines.etl.homonyms import PLAYERS, TEAMS, Homonyms, Parameters

ABROAD, HOME, ELSEWHERE = frozenset("abcd"), frozenset("wxyz"), frozenset("mnop")


def bearers(
    appearances: Iterable[tuple[int, frozenset[str]]], parameters: Parameters = PLAYERS, company: Iterable[str] = ()
) -> tuple[list[int], list[int]]:
    """Bearer of each appearance of a name: as known on its day, and as known at the end."""
    homonyms = Homonyms(parameters)
    homonyms.learn_company(map(frozenset, company))
    by_day: dict[int, list[frozenset[str]]] = {}
    for day, members in appearances:
        by_day.setdefault(day, []).append(members)
    then, circles = [], []
    for day, sets in by_day.items():
        numbers = homonyms.number(day, {"lucky": set(sets)})
        for members in sets:
            circles.append(numbers["lucky", members])
            then.append(homonyms.current("lucky", circles[-1]))
    return then, [homonyms.current("lucky", circle) for circle in circles]


def alternating(n: int, one: frozenset[str] = ABROAD, other: frozenset[str] = HOME) -> list[tuple[int, frozenset[str]]]:
    return [(day, other if day % 2 else one) for day in range(n)]


def test_a_transfer_is_one_bearer() -> None:
    then, now = bearers([(1, ABROAD), (2, ABROAD), (2, HOME), (3, HOME), (4, HOME)])
    assert then == now == [1] * 5


def test_a_stand_in_is_one_bearer() -> None:
    assert set(bearers([(1, ABROAD), (2, HOME), (3, ABROAD), (4, HOME), (5, ABROAD)])[1]) == {1}


def test_names_that_go_on_side_by_side_have_two_bearers() -> None:
    then, now = bearers(alternating(8))
    assert now == [1, 2] * 4
    assert then == [1] * 7 + [2]  # the day that shows it changes no earlier decision


def test_common_company_speaks_against_two_bearers() -> None:
    assert set(bearers(alternating(8), company=["aw", "bx"])[1]) == {1}


def test_members_linked_through_others_are_one_circle() -> None:
    linked = [
        (1, frozenset("ab")),
        (1, frozenset("cd")),
        (2, frozenset("bc")),
        *((day + 3, each) for day, each in alternating(10, frozenset("ab"), frozenset("cd"))),
    ]
    assert set(bearers(linked)[1]) == {1}


def test_afterwards_the_company_decides() -> None:
    known = alternating(8)
    assert bearers([*known, (9, frozenset("abqr"))])[1][-1] == 1
    assert bearers([*known, (9, frozenset("zqrs"))])[1][-1] == 2


def test_new_company_soon_after_is_the_bearer_who_left() -> None:
    known = [*alternating(8), (30, HOME)]
    assert bearers([*known, (40, ELSEWHERE)])[1][-1] == 2


def test_new_company_long_after_is_a_third_bearer() -> None:
    assert bearers([*alternating(8), (400, ELSEWHERE)])[1][-1] == 3


def test_a_link_joins_two_bearers_if_their_company_mixes() -> None:
    together = [(9, frozenset("abwx")), (10, frozenset("cdyz"))]
    then, now = bearers([*alternating(8), *together], company=["awbxcydz"])
    assert set(now) == {1}
    assert set(then) <= {1, 2}


def test_the_bearer_who_appeared_most_keeps_the_number() -> None:
    first = [(0, ABROAD), *((day, HOME) for day in range(1, 30)), *((day + 30, each) for day, each in alternating(9))]
    now = bearers(first)[1]
    assert now[1] == 1
    assert now[0] == 2


def test_a_team_that_comes_back_with_another_five_is_another_team() -> None:
    now = bearers([(1, ABROAD), (600, HOME), (1200, frozenset("wxqr"))], TEAMS)[1]
    assert now == [1, 2, 2]


def test_a_team_without_lineups_is_the_one_seen_last() -> None:
    unknown: frozenset[str] = frozenset()
    now = bearers([(1, unknown), (600, unknown), (610, HOME), (700, unknown)], TEAMS)[1]
    assert now == [1, 2, 2, 2]


def test_a_team_that_changes_its_five_stays_one_team() -> None:
    assert set(bearers([(1, ABROAD), (20, HOME), (40, ELSEWHERE)], TEAMS)[1]) == {1}
