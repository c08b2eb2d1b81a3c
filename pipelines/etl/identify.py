"""Resolve published names to teams and players, day by day. docs/data.md explains the rules and has counts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.etl.homonyms import PLAYERS, TEAMS, Homonyms, Members, Revision
from pipelines.etl.team_links import Identity, Link, PublishedMap, TeamLinks
from pipelines.spelling import Lineup, canonical_nicknames, team_key

Roster = tuple[Identity, ...]
"""Five players, sorted."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a published match.

    Attributes:
        team: Team name as published.
        lineup: Five nicknames as published; empty if unknown.
    """

    team: str
    lineup: Lineup = ()


@dataclass(frozen=True, slots=True)
class PublishedMatch:
    """A map or series row: what its identities follow from.

    Attributes:
        day: Day number.
        sides: Both sides.
        topic: Name of the map; empty for a series.
        winner: 1 or 2. It links names from the next day on and takes no part in the identities of its own day.
        publishers: Who published the row.
        match_id: Number of the match; empty if unknown.
    """

    day: int
    sides: tuple[Side, Side]
    topic: str = ""
    winner: int = 1
    publishers: frozenset[str] = frozenset()
    match_id: str = ""


@dataclass(frozen=True, slots=True)
class Identified:
    """Team and roster of one side.

    Attributes:
        team: The team.
        named_team: The team by its name alone, before names of one team were linked.
        roster: The five players; None where the lineup is unknown.
    """

    team: Identity
    named_team: Identity
    roster: Roster | None


Pair = tuple[Identified, Identified]


@dataclass(frozen=True, slots=True)
class People:
    """Teams and players of published matches.

    Attributes:
        now: Both sides of each match, as far as all days tell.
        then: Both sides of each match, as known before it was played. A forecast uses nothing else.
        nicknames: Canonical spelling by replaced spelling.
        player_homonyms: Number of players by nickname, where it is more than one.
        team_homonyms: Number of teams by team key, where it is more than one.
        player_revisions: Players who were split or joined.
        team_revisions: Teams of one name that were split or joined.
        team_links: Names that were linked to one team, refuted links included.
    """

    now: list[Pair]
    then: list[Pair]
    nicknames: dict[str, str]
    player_homonyms: dict[str, int]
    team_homonyms: dict[str, int]
    player_revisions: list[Revision]
    team_revisions: list[Revision]
    team_links: list[Link]


def identify(matches: Sequence[PublishedMatch]) -> People:
    """Resolve the teams and the players of every match.

    Args:
        matches: The matches, in any order.
    """
    nicknames = _canonical_spellings({side.lineup for match in matches for side in match.sides if side.lineup})
    resolver = _Resolver(nicknames)
    by_day: dict[int, list[int]] = defaultdict(list)
    for position, match in enumerate(matches):
        by_day[match.day].append(position)
    then: list[Pair | None] = [None] * len(matches)
    for day in sorted(by_day):
        pairs = resolver.learn_day(day, [matches[position] for position in by_day[day]])
        for position, pair in zip(by_day[day], pairs, strict=True):
            then[position] = pair
    return People(
        now=[resolver.resolve(match) for match in matches],
        then=[pair for pair in then if pair is not None],
        nicknames=nicknames,
        player_homonyms=resolver.players.ambiguous(),
        team_homonyms=resolver.teams.ambiguous(),
        player_revisions=resolver.players.revisions,
        team_revisions=resolver.teams.revisions,
        team_links=list(resolver.links.links.values()),
    )


def _canonical_spellings(lineups: set[Lineup]) -> dict[str, str]:
    """Repeat until nothing changes: one replaced nickname may hide another in the same lineup."""
    spellings: dict[str, str] = {}
    while True:
        found = canonical_nicknames({tuple(spellings.get(name, name) for name in lineup) for lineup in lineups})
        if not found:
            return spellings
        spellings = {name: found.get(better, better) for name, better in spellings.items()} | found


class _Resolver:
    """Homonyms and links through the days."""

    def __init__(self, nicknames: dict[str, str]) -> None:
        self.players, self.teams, self.links = Homonyms(PLAYERS), Homonyms(TEAMS), TeamLinks()
        self._nicknames = nicknames
        self._player_circles: dict[tuple[int, str, Members], int] = {}
        self._team_circles: dict[tuple[int, str, Members], int] = {}

    def learn_day(self, day: int, matches: Sequence[PublishedMatch]) -> list[Pair]:
        """Resolve the matches of one day with what is known before they are played, then learn their results."""
        sides = {side for match in matches for side in match.sides}
        members = {side: self._members(side) for side in sides}
        lineups = {each for each in members.values() if each}
        teammates: dict[str, set[Members]] = defaultdict(set)
        for lineup in lineups:
            for name in lineup:
                teammates[name].add(lineup - {name})
        fielded: dict[str, set[Members]] = defaultdict(set)
        for side in sides:
            fielded[team_key(side.team)].add(members[side])
        for homonyms, appearances, circles in (
            (self.players, teammates, self._player_circles),
            (self.teams, fielded, self._team_circles),
        ):
            homonyms.learn_company(lineups)
            for (name, each), circle in homonyms.number(day, appearances).items():
                circles[day, name, each] = circle
        named = [tuple((self._named_team(day, side), members[side]) for side in match.sides) for match in matches]
        self.links.learn_lineups(day, [(first, second) for first, second in named])
        pairs = [self.resolve(match) for match in matches]
        self.links.learn_maps(
            day,
            [
                PublishedMap(match.topic, (first[0], second[0]), match.winner, match.publishers, match.match_id)
                for match, (first, second) in zip(matches, named, strict=True)
                if match.topic
            ],
        )
        return pairs

    def resolve(self, match: PublishedMatch) -> Pair:
        """Resolve a match with what is known now. Its day must have been learned."""
        first, second = (self._identified(match.day, side) for side in match.sides)
        if first.roster and second.roster and set(first.roster) & set(second.roster):  # one player on both sides
            first, second = (Identified(each.team, each.named_team, None) for each in (first, second))
        return first, second

    def _identified(self, day: int, side: Side) -> Identified:
        named, members = self._named_team(day, side), self._members(side)
        roster = None
        if members:
            circles = ((name, self._player_circles[day, name, members - {name}]) for name in members)
            roster = tuple(sorted((name, self.players.current(name, circle)) for name, circle in circles))
        return Identified(self.links.team(named), named, roster)

    def _named_team(self, day: int, side: Side) -> Identity:
        key = team_key(side.team)
        return key, self.teams.current(key, self._team_circles[day, key, self._members(side)])

    def _members(self, side: Side) -> Members:
        return frozenset(self._nicknames.get(name, name) for name in side.lineup)
