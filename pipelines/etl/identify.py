"""Resolve published names to teams and players, day by day. docs/data.md explains the rules and has counts."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.etl.circles import Members
from pipelines.etl.decisions import PLAYER, TEAM, Decision
from pipelines.etl.homonyms import PLAYERS, TEAMS, Homonyms, Revision
from pipelines.etl.player_links import PlayerLinks
from pipelines.etl.spelling_variants import SpellingVariants
from pipelines.etl.team_links import Identity, Link, PublishedMap, TeamLinks
from pipelines.spelling import Lineup, team_key

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
        predecessors: First day of a team, and the team that bore its name before; only where there was one.
        player_homonyms: Number of players by nickname, where it is more than one.
        team_homonyms: Number of teams by team key, where it is more than one.
        player_revisions: Players who were split or joined.
        team_revisions: Teams of one name that were split or joined.
        undecided_players: Nicknames that may have two bearers.
        undecided_teams: Names of teams that may have two bearers.
        team_links: Names that were linked to one team, refuted links included.
        player_links: Who stands for a player who has several nicknames, by identity of each other nickname.
    """

    now: list[Pair]
    then: list[Pair]
    predecessors: dict[Identity, tuple[int, Identity]]
    player_homonyms: dict[str, int]
    team_homonyms: dict[str, int]
    player_revisions: list[Revision]
    team_revisions: list[Revision]
    undecided_players: list[Revision]
    undecided_teams: list[Revision]
    team_links: list[Link]
    player_links: dict[Identity, Identity]


def identify(matches: Sequence[PublishedMatch], decisions: Sequence[Decision] = ()) -> People:
    """Resolve the teams and the players of every match.

    Args:
        matches: The matches, in any order.
        decisions: Decisions of operators, ordered by day.
    """
    resolver = _Resolver(decisions)
    by_day: dict[int, list[int]] = defaultdict(list)
    for position, match in enumerate(matches):
        by_day[match.day].append(position)
    days = {day: [matches[position] for position in by_day[day]] for day in sorted(by_day)}
    places = [position for day in days for position in by_day[day]]
    then = _in_place(places, [pair for day in days for pair in resolver.learn_day(day, days[day])])
    resolver.apply_decisions()
    return People(
        now=_in_place(places, [pair for day in days for pair in resolver.resolve(day, days[day])]),
        then=then,
        predecessors=resolver.predecessors,
        player_homonyms=resolver.players.ambiguous(),
        team_homonyms=resolver.teams.ambiguous(),
        player_revisions=resolver.players.revisions,
        team_revisions=resolver.teams.revisions,
        undecided_players=resolver.players.undecided(),
        undecided_teams=resolver.teams.undecided(),
        team_links=list(resolver.links.links.values()),
        player_links=resolver.player_links.joined(),
    )


def _in_place(places: Sequence[int], pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs in the order of the matches."""
    return [pair for _, pair in sorted(zip(places, pairs, strict=True), key=lambda each: each[0])]


class _Resolver:
    """Homonyms and links through the days."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        undecided = {
            about: {each.names[0] for each in decisions if each.about == about and each.names[0] == each.names[1]}
            for about in (PLAYER, TEAM)
        }
        self.players, self.teams = Homonyms(PLAYERS, undecided[PLAYER]), Homonyms(TEAMS, undecided[TEAM])
        self.links, self.player_links = TeamLinks(), PlayerLinks(self.players)
        self._variants = SpellingVariants()
        self._pending = deque(decisions)
        self.predecessors: dict[Identity, tuple[int, Identity]] = {}
        self._latest_bearer: dict[str, Identity] = {}
        self._known_teams: set[Identity] = set()
        self._player_circles: dict[tuple[int, str, Members], int] = {}
        self._team_circles: dict[tuple[int, str, Members], int] = {}

    def apply_decisions(self, through: int | None = None) -> None:
        """Apply the decisions of operators through a day, or all of them."""
        while self._pending and (through is None or self._pending[0].day <= through):
            decision = self._pending.popleft()
            name, other = decision.names
            if name == other:
                homonyms, circles = (
                    (self.players, self._player_circles)
                    if decision.about == PLAYER
                    else (self.teams, self._team_circles)
                )
                circles.update(homonyms.decide(name, decision))
            elif decision.about == TEAM:
                self.links.decide(decision.day, decision)
            else:
                self.player_links.decide(decision)

    def learn_day(self, day: int, matches: Sequence[PublishedMatch]) -> list[Pair]:
        """Resolve the matches of one day with what is known before they are played, then learn their results."""
        self.apply_decisions(day)
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
        named = [
            ((self._named_team(day, first), members[first]), (self._named_team(day, second), members[second]))
            for first, second in (match.sides for match in matches)
        ]
        for decision in self._variants.learn_day(day, lineups):
            self.player_links.find(decision)
        fives = {each: frozenset(map(self._variants.spelling, each)) for each in members.values()}
        rows = [((first, fives[one]), (second, fives[two])) for (first, one), (second, two) in named]
        self.links.learn_lineups(day, rows)
        pairs = self.resolve(day, matches)
        self._note_predecessors(day, pairs)
        self.links.learn_maps(
            day,
            [
                PublishedMap(match.topic, (first[0], second[0]), match.winner, match.publishers, match.match_id)
                for match, (first, second) in zip(matches, named, strict=True)
                if match.topic
            ],
        )
        return pairs

    def _note_predecessors(self, day: int, pairs: Sequence[Pair]) -> None:
        """Note which teams appear for the first time, under a name that another team bore."""
        sides = sorted({(side.named_team[0], side.team) for pair in pairs for side in pair})
        for name, team in sides:
            if team not in self._known_teams and name in self._latest_bearer:
                self.predecessors.setdefault(team, (day, self._latest_bearer[name]))
        for name, team in sides:
            self._known_teams.add(team)
            self._latest_bearer[name] = team

    def resolve(self, day: int, matches: Sequence[PublishedMatch]) -> list[Pair]:
        """Resolve the matches of a day that has been learned with what is known now."""
        identified = {side: self._identified(day, side) for side in {each for match in matches for each in match.sides}}
        pairs = []
        for match in matches:
            first, second = (identified[side] for side in match.sides)
            if first.roster and second.roster and set(first.roster) & set(second.roster):  # one player on both sides
                first, second = (Identified(each.team, each.named_team, None) for each in (first, second))
            pairs.append((first, second))
        return pairs

    def _identified(self, day: int, side: Side) -> Identified:
        named, members = self._named_team(day, side), self._members(side)
        roster = None
        if members:
            circles = ((name, self._player_circles[day, name, members - {name}]) for name in members)
            five = {self.player_links.player((name, self.players.current(name, each))) for name, each in circles}
            roster = tuple(sorted(five)) if len(five) == len(members) else None
        return Identified(self.links.team(named), named, roster)

    def _named_team(self, day: int, side: Side) -> Identity:
        key = team_key(side.team)
        return key, self.teams.current(key, self._team_circles[day, key, self._members(side)])

    @staticmethod
    def _members(side: Side) -> Members:
        return frozenset(side.lineup)
