"""Who is who: names as published to teams and players. Documented with its counts in docs/data.md."""

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.disambiguate import Homonyms
from pipelines.spelling import Lineup, canonical_nicknames, team_key

Identity = tuple[str, int]
"""A name (key of a team, kept spelling of a nickname) and the number of its bearer."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of rows, one line a side: what identity is decided from. Results are not among it.

    Attributes:
        frame: Columns ``day`` (day number), ``team`` (as published), ``lineup`` (five nicknames, or empty).
    """

    frame: pd.DataFrame


@dataclass(frozen=True, slots=True)
class People:
    """Identities of the sides.

    Attributes:
        team: Team of each side, in the order of the sides.
        lineup: Five players of each side, sorted, or None where unknown.
        nicknames: Kept spelling by replaced spelling.
        player_namesakes: Nicknames with several bearers, and how many.
        team_namesakes: Team keys with several bearers, and how many.
    """

    team: list[Identity]
    lineup: list[tuple[Identity, ...] | None]
    nicknames: dict[str, str]
    player_namesakes: dict[str, int]
    team_namesakes: dict[str, int]


def identify(sides: Sides) -> People:
    """Decide team and players of every side, day by day."""
    frame = sides.frame
    published = [tuple(text.split("|")) if text else None for text in frame["lineup"]]
    nicknames = _spellings({lineup for lineup in published if lineup})
    lineups = [tuple(nicknames.get(name, name) for name in lineup) if lineup else None for lineup in published]
    keys = [team_key(name) for name in frame["team"]]
    days = frame["day"].tolist()

    order = sorted(range(len(frame)), key=days.__getitem__)
    players, teams = Homonyms(), Homonyms()
    team_of: list[Identity] = [("", 0)] * len(frame)
    lineup_of: list[tuple[Identity, ...] | None] = [None] * len(frame)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and days[order[end]] == days[order[start]]:
            end += 1
        today = order[start:end]
        _identify_day(days[order[start]], today, keys, lineups, teams, players, team_of, lineup_of)
        start = end
    return People(team_of, lineup_of, nicknames, players.ambiguous(), teams.ambiguous())


def _spellings(lineups: set[Lineup]) -> dict[str, str]:
    """Repeated until nothing changes: one respelled nickname may hide another in the same lineup."""
    kept: dict[str, str] = {}
    while True:
        found = canonical_nicknames({tuple(kept.get(name, name) for name in lineup) for lineup in lineups})
        if not found:
            return kept
        kept = {name: found.get(better, better) for name, better in kept.items()} | found


def _identify_day(
    day: int,
    rows: list[int],
    keys: list[str],
    lineups: list[Lineup | None],
    teams: Homonyms,
    players: Homonyms,
    team_of: list[Identity],
    lineup_of: list[tuple[Identity, ...] | None],
) -> None:
    mates: dict[str, set[frozenset[str]]] = defaultdict(set)
    rosters: dict[str, set[frozenset[str]]] = defaultdict(set)
    for row in rows:
        lineup = lineups[row]
        if lineup:
            members = frozenset(lineup)
            rosters[keys[row]].add(members)
            for name in members:
                mates[name].add(members - {name})
    player_numbers = players.number(day, mates)
    team_numbers = teams.number(day, rosters)
    for row in rows:
        lineup = lineups[row]
        if lineup:
            members = frozenset(lineup)
            team_of[row] = (keys[row], team_numbers[keys[row], members])
            lineup_of[row] = tuple(sorted((name, player_numbers[name, members - {name}]) for name in members))
        else:
            team_of[row] = (keys[row], teams.latest(keys[row]))
