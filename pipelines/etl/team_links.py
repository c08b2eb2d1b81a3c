"""Two names of one team: found by the five who play for both, or by matches that two sources publish under two names.

Decided in the order of the days. A later day can link two names, or refute a link: then both go on as two teams.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from rapidfuzz.distance import Levenshtein

from pipelines.etl.decisions import Decision

Identity = tuple[str, int]
"""A name (key of a team, canonical spelling of a nickname) and its homonym number."""

Five = frozenset[str]

SAME_FIVE_DAYS = 45
"""The same five under another name within so many days are one team that changed or has two names."""

SIDE_BY_SIDE_DAYS = 7
"""Two lineups without a common player within so many days are two teams."""

CONTRADICTIONS = 2
"""Number of days with such lineups from which on two names are two teams."""

COMMON_MAPS, COMMON_SHARE = 3, 0.3
"""Maps that two names have in common, and their share of the maps of the name with fewer, that make them one team."""

ALIKE = 0.8
"""Similarity (1 − Levenshtein distance / longer length) from which on two names are alike: one common map is enough."""

RETRY_DAYS = 30
"""Days for which a link that was refused is not tried again."""

OPERATOR = "an operator's decision"
"""Reason of a link that no evidence undoes."""

SECOND_TEAMS = ("academy", "junior", "youth", "young", "prodigy", "talent", "nxt", "female", "fe", "w", "impact", "gen")
"""Endings that tell a second team of an organisation from its first one."""


@dataclass(frozen=True, slots=True)
class PublishedMap:
    """A map as published: what tells whether two rows are about one match.

    Attributes:
        topic: Name of the map.
        teams: Both teams.
        winner: 1 or 2.
        publishers: Who published the row; two rows that share one are two maps.
        match_id: Number of the match; empty if unknown.
    """

    topic: str
    teams: tuple[Identity, Identity]
    winner: int
    publishers: frozenset[str]
    match_id: str


@dataclass(slots=True)
class Link:
    """Two names of one team.

    Attributes:
        names: Both.
        day: Day number from which on they are linked.
        reason: The evidence, in words.
        n_common_maps: Maps that two sources publish under both names; None for other evidence.
        refuted_on: Day number from which on they are two teams after all; None while they are one.
    """

    names: tuple[Identity, Identity]
    day: int
    reason: str
    n_common_maps: int | None = None
    refuted_on: int | None = None


@dataclass(slots=True)
class _Team:
    """What is known of one name.

    Attributes:
        days: Day number of each map or series, ascending.
        five_days: Day number of each known lineup, ascending.
        fives: Those lineups.
        opponents: Names it met.
    """

    days: list[int] = field(default_factory=list)
    five_days: list[int] = field(default_factory=list)
    fives: list[Five] = field(default_factory=list)
    opponents: set[Identity] = field(default_factory=set)


class TeamLinks:
    """Link names of one team. Call :meth:`learn_lineups` and then :meth:`learn_maps` once a day, in order."""

    def __init__(self) -> None:
        self.links: dict[frozenset[Identity], Link] = {}
        self._teams: dict[Identity, _Team] = defaultdict(_Team)
        self._last_played: dict[Five, dict[Identity, int]] = defaultdict(dict)
        self._common_maps: dict[frozenset[Identity], int] = defaultdict(int)
        self._group_of: dict[Identity, frozenset[Identity]] = {}
        self._contradictions: dict[frozenset[Identity], set[int]] = defaultdict(set)
        self._rejected_on: dict[frozenset[Identity], int] = {}
        self._decisions: list[Decision] = []

    def decide(self, day: int, decision: Decision) -> None:
        """Apply a decision about two names: they are linked, or no link joins them, whatever the evidence says."""
        self._decisions.append(decision)
        self._apply(day, decision, self._teams)

    def team(self, name: Identity) -> Identity:
        """Return the name under which the team of a name appeared first, as far as known now."""
        group = self._group_of.get(name)
        return min(group, key=lambda each: (self._teams[each].days[0], each)) if group else name

    def learn_lineups(self, day: int, rows: Sequence[tuple[tuple[Identity, Five], tuple[Identity, Five]]]) -> None:
        """Note who plays whom, and link names by their lineups.

        Args:
            day: Day number.
            rows: Name and lineup (empty if unknown) of both sides of each row of the day.
        """
        new_names = {name for row in rows for name, _ in row if name not in self._teams}
        for first, second in rows:
            for (name, five), (opponent, _) in ((first, second), (second, first)):
                team = self._teams[name]
                team.days.append(day)
                team.opponents.add(opponent)
                if opponent != name and opponent in self._group(name):
                    self._undo(day, min(name, opponent, key=lambda each: (len(self._teams[each].days), each)))
                if five and (not team.fives or (team.five_days[-1], team.fives[-1]) != (day, five)):
                    team.five_days.append(day)
                    team.fives.append(five)
        if new_names:
            for decision in self._decisions:
                self._apply(day, decision, new_names)
        sides = sorted({side for row in rows for side in row if side[1]}, key=lambda side: (side[0], sorted(side[1])))
        for name, five in sides:
            self._refute(day, name, five)
        for name, five in sides:
            for other, last_day in sorted(self._last_played[five].items()):
                if other != name and day - last_day <= SAME_FIVE_DAYS:
                    self._link(day, name, other, "the same five play under both names")
            self._last_played[five][name] = day

    def learn_maps(self, day: int, maps: Iterable[PublishedMap]) -> None:
        """Link names under which two sources publish the same maps. The link holds from the next day on."""
        seen: dict[tuple[str, Identity, bool], list[tuple[Identity, PublishedMap]]] = defaultdict(list)
        for published in maps:
            for side in (0, 1):
                opponent = self.team(published.teams[1 - side])
                seen[published.topic, opponent, published.winner == side + 1].append((published.teams[side], published))
        pairs: set[frozenset[Identity]] = set()
        for rows in seen.values():
            for (name, one), (other, two) in combinations(rows, 2):
                if self.team(name) != self.team(other) and _may_be_one_match(one, two):
                    pair = frozenset((name, other))
                    self._common_maps[pair] += 1
                    pairs.add(pair)
        for pair in sorted(pairs, key=sorted):
            name, other = sorted(pair)
            common = self._common_maps[pair]
            fewer = min(self._n_maps_since_both(name, other), self._n_maps_since_both(other, name))
            if _are_alike(name[0], other[0]) or (common >= COMMON_MAPS and common >= COMMON_SHARE * fewer):
                self._link(day + 1, name, other, "the same maps under both names", common)

    def _apply(self, day: int, decision: Decision, names: Iterable[Identity]) -> None:
        """Apply a decision to those pairs of known names of which one is among ``names``."""
        new = set(names)
        first, second = (
            [each for each in self._teams if each[0] == name and self._fielded(each, member)]
            for name, member in zip(decision.names, decision.members, strict=True)
        )
        for name in first:
            for other in second:
                if name != other and not new.isdisjoint((name, other)):
                    if decision.is_one:
                        self.links.pop(frozenset((name, other)), None)
                        self._link(day, name, other, OPERATOR)
                    elif other in self._group(name):
                        self._undo(day, min(name, other, key=lambda each: (len(self._teams[each].days), each)))

    def _fielded(self, name: Identity, member: str) -> bool:
        return not member or any(member in five for five in self._teams[name].fives)

    def _verdict(self, name: Identity, other: Identity) -> bool | None:
        """Return what the last decision says about two names; None if there is no decision."""
        said = None
        for decision in self._decisions:
            for one, two in ((name, other), (other, name)):
                if decision.names == (one[0], two[0]) and all(map(self._fielded, (one, two), decision.members)):
                    said = decision.is_one
        return said

    def _n_maps_since_both(self, name: Identity, other: Identity) -> int:
        days = self._teams[name].days
        return len(days) - bisect_left(days, max(days[0], self._teams[other].days[0]))

    def _group(self, name: Identity) -> frozenset[Identity]:
        return self._group_of.get(name, frozenset((name,)))

    def _link(self, day: int, name: Identity, other: Identity, reason: str, n_common: int | None = None) -> None:
        pair = frozenset((name, other))
        if other in self._group(name) or pair in self.links or day - self._rejected_on.get(pair, -99) < RETRY_DAYS:
            return
        pairs = [(one, two) for one in self._group(name) for two in self._group(other)]
        if reason != OPERATOR and any(self._are_two(one, two) for one, two in pairs):
            self._rejected_on[pair] = day
            return
        first, second = sorted(pair)
        self.links[pair] = Link((first, second), day, reason, n_common)
        group = self._group(name) | self._group(other)
        self._group_of.update(dict.fromkeys(group, group))

    def _are_two(self, name: Identity, other: Identity) -> bool:
        """Whether two names met, or played side by side with lineups that have no common player."""
        is_one = self._verdict(name, other)
        if is_one is not None:
            return not is_one
        one, two = self._teams[name], self._teams[other]
        if other in one.opponents:
            return True
        days = {day for day, five in zip(one.five_days, one.fives, strict=True) if _contradicts(two, day, five)}
        return len(days) >= CONTRADICTIONS

    def _refute(self, day: int, name: Identity, five: Five) -> None:
        """Undo links of names that play side by side with lineups that have no common player."""
        for other in sorted(self._group(name) - {name}):
            if _contradicts(self._teams[other], day, five):
                pair = frozenset((name, other))
                self._contradictions[pair].add(day)
                if len(self._contradictions[pair]) >= CONTRADICTIONS:
                    self._undo(day, min(pair, key=lambda each: (len(self._teams[each].days), each)))

    def _undo(self, day: int, name: Identity) -> None:
        """Refute every link of a name, and build the group that it leaves anew."""
        names = self._group(name)
        for link in self.links.values():
            if name in link.names and link.refuted_on is None and self._verdict(*link.names) is not True:
                link.refuted_on = day
        for each in names:
            self._group_of.pop(each, None)
        for link in self.links.values():
            first, second = link.names
            if link.refuted_on is None and first in names:
                group = self._group(first) | self._group(second)
                self._group_of.update(dict.fromkeys(group, group))


def _contradicts(team: _Team, day: int, five: Five) -> bool:
    """Whether a name has a lineup without a common player, and none with one, near a day."""
    start = bisect_left(team.five_days, day - SIDE_BY_SIDE_DAYS)
    end = bisect_left(team.five_days, day + SIDE_BY_SIDE_DAYS + 1)
    near = team.fives[start:end]
    return bool(near) and all(five.isdisjoint(other) for other in near)


def _may_be_one_match(one: PublishedMap, two: PublishedMap) -> bool:
    has_two_ids = one.match_id and two.match_id and one.match_id != two.match_id
    return not has_two_ids and one.publishers.isdisjoint(two.publishers)


def _are_alike(name: str, other: str) -> bool:
    """Whether two keys are spellings of one name, and not the first and the second team of an organisation."""
    shorter, longer = sorted((name, other), key=len)
    if len(shorter) >= 4 and shorter in longer:
        return longer.replace(shorter, "", 1) not in SECOND_TEAMS
    return Levenshtein.normalized_similarity(name, other) >= ALIKE
