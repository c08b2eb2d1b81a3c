"""Two names of one team: by their five, or by matches that two sources publish under two names."""

from typing import Any

import pytest

from pipelines.etl.team_links import PublishedMap, TeamLinks, _are_alike

A, B, RIVAL, OTHER = ("apogee", 1), ("betclic", 1), ("rival", 1), ("other", 1)
FIVE, SECOND, NOBODY = frozenset("abcde"), frozenset("vwxyz"), frozenset[str]()


def play(links: TeamLinks, day: int, name: Any, five: frozenset[str] = NOBODY, opponent: Any = RIVAL) -> None:
    links.learn_lineups(day, [((name, five), (opponent, NOBODY))])


def published(name: Any, publisher: str, **changes: Any) -> PublishedMap:
    fields = {"topic": "Nuke", "teams": (name, RIVAL), "winner": 1, "match_id": "", **changes}
    return PublishedMap(publishers=frozenset((publisher,)), **fields)


def test_the_same_five_within_weeks_is_one_team() -> None:
    links = TeamLinks()
    play(links, 1, A, FIVE)
    play(links, 20, B, FIVE)
    assert links.team(B) == links.team(A) == A


def test_the_same_five_after_months_is_not_linked() -> None:
    links = TeamLinks()
    play(links, 1, A, FIVE)
    play(links, 100, B, FIVE)
    assert links.team(B) == B


def test_names_that_met_are_two_teams() -> None:
    links = TeamLinks()
    play(links, 1, A, FIVE, opponent=B)
    play(links, 2, B, FIVE)
    assert links.team(B) == B


def test_names_that_play_side_by_side_with_other_fives_are_two_teams() -> None:
    links = TeamLinks()
    for day in (1, 3, 5):
        play(links, day, A, FIVE)
        play(links, day, B, SECOND)
    play(links, 6, B, FIVE)
    assert links.team(B) == B


def test_a_link_is_refuted_when_both_go_on() -> None:
    links = TeamLinks()
    play(links, 1, A, FIVE)
    play(links, 2, B, FIVE)
    assert links.team(B) == A
    for day in (20, 22, 24):
        play(links, day, A, SECOND)
        play(links, day, B, FIVE)
    assert links.team(B) == B
    [link] = links.links.values()
    assert link.refuted_on in (22, 24)


def test_linked_names_that_meet_are_two_again() -> None:
    links = TeamLinks()
    play(links, 1, A, FIVE)
    play(links, 2, B, FIVE)
    play(links, 30, A, FIVE, opponent=B)
    assert links.team(B) == B


def learn_common_maps(links: TeamLinks, n: int, name: Any = B, **changes: Any) -> None:
    for day in range(1, n + 1):
        play(links, day, A)
        play(links, day, name)
        links.learn_maps(day, [published(A, "one"), published(name, "two", **changes)])


def test_maps_that_two_sources_publish_under_two_names_link_them_from_the_next_day_on() -> None:
    links = TeamLinks()
    learn_common_maps(links, 3)
    assert links.team(B) == A
    [link] = links.links.values()
    assert link.day == 4


@pytest.mark.parametrize(
    ("n", "changes"),
    [(2, {}), (3, {"winner": 2}), (3, {"topic": "Train"}), (3, {"teams": (B, OTHER)})],
    ids=["too few", "another winner", "another map", "another opponent"],
)
def test_other_maps_link_nothing(n: int, changes: dict[str, Any]) -> None:
    links = TeamLinks()
    learn_common_maps(links, n, **changes)
    assert links.team(B) == B


@pytest.mark.parametrize(
    ("publishers", "match_ids"),
    [(("one", "one"), ("", "")), (("one", "two"), ("7", "8"))],
    ids=["publisher", "match ids"],
)
def test_rows_of_one_publisher_or_of_two_match_ids_are_two_matches(
    publishers: tuple[str, str], match_ids: tuple[str, str]
) -> None:
    links = TeamLinks()
    for day in (1, 2, 3):
        play(links, day, A)
        play(links, day, B)
        names = zip((A, B), publishers, match_ids, strict=True)
        links.learn_maps(day, [published(name, publisher, match_id=number) for name, publisher, number in names])
    assert links.team(B) == B


def test_one_common_map_is_enough_for_names_that_are_alike() -> None:
    links = TeamLinks()
    learn_common_maps(links, 1, name=("apogees", 1))
    assert links.team(("apogees", 1)) == A


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("famalico", "fcfamalico", True),
        ("insanity", "insanitysports", True),
        ("watermelon", "watermelons", True),
        ("spirit", "spiritacademy", False),
        ("furia", "furiafe", False),
        ("mouz", "mouznxt", False),
        ("navi", "nip", False),
    ],
)
def test_names_are_alike_unless_one_is_a_second_team(one: str, other: str, expected: bool) -> None:
    assert _are_alike(one, other) == expected
