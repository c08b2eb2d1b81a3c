"""Homonyms: numbered by first appearance, recognised by the members they appear with."""

from pipelines.etl.disambiguate import REMEMBERED, Homonyms

ABROAD, HOME = frozenset("abcd"), frozenset("wxyz")


def test_disjoint_members_on_one_day_are_two_homonyms() -> None:
    homonyms = Homonyms()
    numbers = homonyms.number(1, {"lucky": [HOME, ABROAD]})
    assert set(numbers.values()) == {1, 2}
    assert homonyms.ambiguous() == {"lucky": 2}


def test_members_linked_through_others_are_one_homonym() -> None:
    numbers = Homonyms().number(1, {"lucky": [frozenset("ab"), frozenset("cd"), frozenset("bc")]})
    assert set(numbers.values()) == {1}


def test_the_homonym_with_the_most_shared_members_is_chosen() -> None:
    homonyms = Homonyms()
    first = homonyms.number(1, {"lucky": [HOME, ABROAD]})
    assert homonyms.number(2, {"lucky": [frozenset("abcx")]}).popitem()[1] == first["lucky", ABROAD]
    assert homonyms.number(3, {"lucky": [frozenset("ayz")]}).popitem()[1] == first["lucky", HOME]


def test_without_a_shared_member_the_latest_homonym_is_meant() -> None:
    homonyms = Homonyms()
    homonyms.number(1, {"lucky": [HOME, ABROAD]})
    later = homonyms.number(2, {"lucky": [HOME]})["lucky", HOME]
    assert homonyms.number(3, {"lucky": [frozenset("1234")]}).popitem()[1] == later
    assert homonyms.latest("lucky") == later
    assert homonyms.latest("unknown") == 1


def test_only_recent_members_count() -> None:
    homonyms = Homonyms()
    first = homonyms.number(1, {"lucky": [HOME, ABROAD]})
    for day in range(2, 2 + REMEMBERED):
        homonyms.number(day, {"lucky": [frozenset({"w", f"mate {day}"})]})
    number = homonyms.number(99, {"lucky": [frozenset("xyz")]})["lucky", frozenset("xyz")]
    assert number == first["lucky", HOME]  # no member is shared: the latest homonym
