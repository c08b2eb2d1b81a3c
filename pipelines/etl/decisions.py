"""Decisions of operators about who is who. They win over evidence, from their day on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.match_history import day_numbers
from pipelines.spelling import team_key

TEAM, PLAYER = "team", "player"


@dataclass(frozen=True, slots=True)
class Decision:
    """Two names, or two bearers of one name, are one or two.

    Attributes:
        day: Day number from which on the decision is known. Forecasts of earlier days do not use it.
        about: ``team`` or ``player``.
        names: Key of each team, or nickname of each player; equal for two bearers of one name.
        members: A nickname that appeared with each; empty for every bearer of the name.
        is_one: Whether they are one.
        reason: Why, in the operator's words.
    """

    day: int
    about: str
    names: tuple[str, str]
    members: tuple[str, str]
    is_one: bool
    reason: str = ""

    def covers(self, ours: Collection[str], theirs: Collection[str]) -> bool:
        """Whether the decision is about two bearers of one name who appear with these members."""
        one, two = self.members
        return (_meets(one, ours) and _meets(two, theirs)) or (_meets(one, theirs) and _meets(two, ours))


def _meets(member: str, members: Collection[str]) -> bool:
    return not member or member in members


def verdict(decisions: Iterable[Decision], ours: Collection[str], theirs: Collection[str]) -> bool | None:
    """Return what the last decision says about two bearers of one name; None if there is no decision."""
    said = None
    for decision in decisions:
        if decision.covers(ours, theirs):
            said = decision.is_one
    return said


def read_decisions(rows: pd.DataFrame) -> list[Decision]:
    """Convert parsed rows of ``identities.csv`` to decisions, ordered by day.

    Args:
        rows: Typed rows (:func:`pipelines.etl.parse.parse`) of the kind ``identity``.
    """
    columns = ("about", "name1", "name2", "member1", "member2", "verdict", "reason")
    decisions = [
        Decision(
            day=day,
            about=about,
            names=(team_key(name1), team_key(name2)) if about == TEAM else (name1, name2),
            members=(member1, member2),
            is_one=said == "one",
            reason=reason,
        )
        for day, about, name1, name2, member1, member2, said, reason in zip(
            day_numbers(rows["day"]).tolist(), *(rows[column] for column in columns), strict=True
        )
    ]
    return sorted(decisions, key=lambda each: each.day)
