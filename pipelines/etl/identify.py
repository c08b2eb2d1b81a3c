"""Resolve published names to teams and players. docs/data.md explains the rules and has counts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.disambiguate import Homonyms, Members
from pipelines.spelling import Lineup, canonical_nicknames, team_key

Identity = tuple[str, int]
"""A name (key of a team, canonical spelling of a nickname) and its homonym number."""

Roster = tuple[Identity, ...]
"""Five players, sorted."""


@dataclass(frozen=True, slots=True)
class People:
    """Teams and players of published sides.

    Attributes:
        teams: Team of each side, in the order of the sides.
        rosters: Roster of each side; None where the lineup is unknown.
        nicknames: Canonical spelling by replaced spelling.
        player_homonyms: Number of players by nickname, where it is more than one.
        team_homonyms: Number of teams by team key, where it is more than one.
    """

    teams: list[Identity]
    rosters: list[Roster | None]
    nicknames: dict[str, str]
    player_homonyms: dict[str, int]
    team_homonyms: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Side:
    key: str
    members: Members


def identify(sides: pd.DataFrame) -> People:
    """Resolve the team and the players of every side, day by day. No result takes part.

    Args:
        sides: One row a side of a match: ``day`` (day number), ``team`` (as published) and ``lineup`` (five nicknames
            separated by ``|``, or empty).
    """
    lineups = [tuple(text.split("|")) if text else () for text in sides["lineup"]]
    nicknames = _canonical_spellings({lineup for lineup in lineups if lineup})
    appearances = [
        _Side(team_key(team), frozenset(nicknames.get(name, name) for name in lineup))
        for team, lineup in zip(sides["team"], lineups, strict=True)
    ]
    teams: list[Identity] = [("", 0)] * len(sides)
    rosters: list[Roster | None] = [None] * len(sides)
    team_homonyms, player_homonyms = Homonyms(), Homonyms()
    by_day: dict[int, list[int]] = defaultdict(list)
    for position, day in enumerate(sides["day"].tolist()):
        by_day[day].append(position)
    for day in sorted(by_day):
        resolved = _identify_day(day, [appearances[place] for place in by_day[day]], team_homonyms, player_homonyms)
        for position, (team, roster) in zip(by_day[day], resolved, strict=True):
            teams[position], rosters[position] = team, roster
    return People(teams, rosters, nicknames, player_homonyms.ambiguous(), team_homonyms.ambiguous())


def _canonical_spellings(lineups: set[Lineup]) -> dict[str, str]:
    """Repeat until nothing changes: one replaced nickname may hide another in the same lineup."""
    spellings: dict[str, str] = {}
    while True:
        found = canonical_nicknames({tuple(spellings.get(name, name) for name in lineup) for lineup in lineups})
        if not found:
            return spellings
        spellings = {name: found.get(better, better) for name, better in spellings.items()} | found


def _identify_day(
    day: int, sides: Sequence[_Side], teams: Homonyms, players: Homonyms
) -> list[tuple[Identity, Roster | None]]:
    teammates: dict[str, set[Members]] = defaultdict(set)
    lineups: dict[str, set[Members]] = defaultdict(set)
    for side in sides:
        if side.members:
            lineups[side.key].add(side.members)
            for name in side.members:
                teammates[name].add(side.members - {name})
    player_numbers = players.number(day, teammates)
    team_numbers = teams.number(day, lineups)
    resolved: list[tuple[Identity, Roster | None]] = []
    for side in sides:
        members = side.members
        if members:
            roster = tuple(sorted((name, player_numbers[name, members - {name}]) for name in members))
            resolved.append(((side.key, team_numbers[side.key, members]), roster))
        else:
            resolved.append(((side.key, teams.latest(side.key)), None))
    return resolved
