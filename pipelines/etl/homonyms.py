"""Homonyms: players, or teams, that share a name, told apart by the members they appear with, in the order of the days.

A name has one bearer until the evidence says two. Its appearances fall into circles: sets of members (teammates of a
player, the lineup of a team) that are linked by common members. One bearer moves from circle to circle; two go on side
by side, so that the days of their circles alternate. Against that speak members of one circle who also appeared with
members of the other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf

from pipelines.etl.circles import Circle, Circles, Members
from pipelines.etl.decisions import Decision, verdict

SHARED_DAY = 0.5
"""Evidence of a day on which two circles appear, beside the alternation that it is."""

COMMON_COMPANY = 15.0
"""Evidence against two bearers if all members of the smaller circle also appeared with members of the other."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of the decision.

    Attributes:
        two_bearers: Evidence from which on two circles have two bearers, in alternations.
        change_days: A name of several bearers that comes up in new company within so many days is one who changed it.
        absence_days: A name that comes back with other members after more days has a new bearer; None: never.
    """

    two_bearers: float
    change_days: int
    absence_days: int | None = None


PLAYERS = Parameters(two_bearers=6.5, change_days=60)
TEAMS = Parameters(two_bearers=8.0, change_days=540, absence_days=540)


@dataclass(frozen=True, slots=True)
class Revision:
    """A name turned out to have two bearers, or two of its bearers to be one.

    Attributes:
        name: The name.
        day: Day number on which the decision changed.
        bearer: Number of the bearer who keeps it.
        other_bearer: Number that is new, or is given up.
        is_split: Whether one became two.
        evidence: Evidence for two bearers on that day; None after an absence.
        members: Members of the bearer who keeps the number, and of the other one, as known on that day.
    """

    name: str
    day: int
    bearer: int
    other_bearer: int
    is_split: bool
    evidence: float | None
    members: tuple[Members, Members]


class Homonyms:
    """Number the bearers of each name: 1, 2, … A decision uses the appearances of its day and of earlier days only.

    A later day can split a bearer, or join two. What :meth:`current` says on a day is what is known then.
    """

    def __init__(self, parameters: Parameters, undecided: Collection[str] = ()) -> None:
        """Args:
        parameters: Parameters of the decision.
        undecided: Names about which :meth:`decide` will be called: their appearances are remembered for it.
        """
        self.revisions: list[Revision] = []
        self._parameters = parameters
        self._names: dict[str, Circles] = defaultdict(Circles)
        self._company: dict[str, set[str]] = defaultdict(set)
        self._appearances: dict[str, list[tuple[int, Collection[Members]]]] = {key: [] for key in undecided}
        self._decisions: dict[str, list[Decision]] = defaultdict(list)

    def learn_company(self, lineups: Iterable[Members]) -> None:
        """Note who plays together. Call it before :meth:`number` of the same day."""
        for lineup in lineups:
            for member in lineup:
                self._company[member] |= lineup

    def number(self, day: int, appearances: Mapping[str, Collection[Members]]) -> dict[tuple[str, Members], int]:
        """Assign the appearances of a day. Call it once a day, in the order of the days.

        Args:
            day: Day number.
            appearances: By name, the distinct member sets of that day; an empty set where the members are unknown.

        Returns:
            Number of the circle by name and members: :meth:`current` gives its bearer, as far as known at that time.
        """
        assigned: dict[tuple[str, Members], int] = {}
        for key in sorted(appearances):
            if key in self._appearances:
                self._appearances[key].append((day, appearances[key]))
            assigned |= self._number(key, day, appearances[key])
        return assigned

    def _number(self, key: str, day: int, appearances: Collection[Members]) -> dict[tuple[str, Members], int]:
        name = self._names[key]
        most_familiar_first = sorted(appearances, key=lambda each: (not each, -name.overlap(each), sorted(each)))
        assigned = {(key, each): self._find_circle(key, name, day, each) for each in most_familiar_first}
        self._split_bearers(key, name, day, name.record(sorted(set(assigned.values()))))
        return assigned

    def decide(self, key: str, decision: Decision) -> dict[tuple[int, str, Members], int]:
        """Apply a decision about two bearers of a name, and number the earlier appearances again.

        Returns:
            Number of the circle by day, name and members of each earlier appearance.
        """
        self._decisions[key].append(decision)
        self._names[key] = Circles()
        self.revisions = [revision for revision in self.revisions if revision.name != key]
        return {
            (day, name, members): circle
            for day, appearances in self._appearances[key]
            for (name, members), circle in self._number(key, day, appearances).items()
        }

    def current(self, key: str, circle: int) -> int:
        """Return the number of the bearer to whom a circle belongs, as far as known now."""
        return self._names[key].circle(circle).bearer

    def bearers(self, key: str, member: str = "") -> set[int]:
        """Return the bearers of a name who appeared with a member; all of them if ``member`` is empty."""
        known = self._names[key].known().values() if key in self._names else ()
        return {circle.bearer for circle in known if not member or member in circle.members}

    def first_day(self, key: str, bearer: int) -> int:
        """Return the first day number of a bearer of a name."""
        return min(circle.first_day for circle in self._names[key].circles if circle.bearer == bearer)

    def undecided(self) -> list[Revision]:
        """Return names of which the evidence for two bearers is at least half of what would split them."""
        found = []
        for key, name in sorted(self._names.items()):
            for bearer in sorted(name.bearers()):
                circles = name.of_bearer(bearer)
                pairs = [(self._evidence(key, name, [one], [two]), one, two) for one, two in combinations(circles, 2)]
                evidence, one, two = max(pairs, default=(-inf, 0, 0))
                if evidence >= self._parameters.two_bearers / 2:
                    last_day = max(name.circle(one).last_day, name.circle(two).last_day)
                    both = frozenset(name.circle(one).members), frozenset(name.circle(two).members)
                    found.append(Revision(key, last_day, bearer, bearer, False, evidence, both))
        return found

    def ambiguous(self) -> dict[str, int]:
        """Return the number of bearers by name, where it is more than one."""
        counts = {key: len(name.bearers()) for key, name in self._names.items()}
        return {key: count for key, count in sorted(counts.items()) if count > 1}

    def _find_circle(self, key: str, name: Circles, day: int, members: Members) -> int:
        known = name.known()
        latest = name.latest()
        decisions = self._decisions.get(key, ())
        linked = {
            number: circle
            for number, circle in known.items()
            if circle.members & members and verdict(decisions, circle.members, members) is not False
        }
        if not linked:
            is_return = latest is not None and self._is_absent(day - known[latest].last_day)
            if not members and latest is not None and not is_return:
                known[latest].last_day = day
                return latest
            bearer = self._bearer_of_new_circle(key, name, day, members, is_return=is_return)
            name.circles.append(Circle(bearer, set(members), day, day))
            return len(name.circles) - 1
        best = max(linked, key=lambda number: (len(linked[number].members & members), linked[number].last_day, -number))
        for bearer in sorted({circle.bearer for circle in linked.values()} - {linked[best].bearer}):
            self._join(key, name, day, linked[best].bearer, bearer)
        for number, circle in linked.items():
            if number != best and circle.bearer == linked[best].bearer:
                best = name.merge(min(best, number), max(best, number))
        circle = name.circle(best)
        circle.members |= members
        circle.last_day = day
        return best

    def _is_absent(self, days: int) -> bool:
        return self._parameters.absence_days is not None and days > self._parameters.absence_days

    def _bearer_of_new_circle(self, key: str, name: Circles, day: int, members: Members, *, is_return: bool) -> int:
        """Return the one bearer of a name; of several the one with common company, or who changed it; or a new one."""
        decisions = self._decisions.get(key, ())
        verdicts = {circle.bearer: verdict(decisions, circle.members, members) for circle in name.known().values()}
        decided = [bearer for bearer, is_one in verdicts.items() if is_one]
        if decided:
            return min(decided)
        bearers = {bearer for bearer in name.bearers() if verdicts.get(bearer) is not False}
        if len(bearers) == 1 and not is_return:
            return min(bearers)
        if not is_return:
            candidates = [
                (self._common_company(key, circle.members, members), circle.last_day, -circle.bearer)
                for circle in name.known().values()
                if circle.bearer in bearers
            ]
            candidates = [each for each in candidates if each[0] > 0 or day - each[1] <= self._parameters.change_days]
            if candidates:
                return -max(candidates)[2]
        name.highest += 1
        if is_return:
            latest = name.circles[name.latest() or 0]
            both = frozenset(latest.members), members
            self.revisions.append(Revision(key, day, latest.bearer, name.highest, True, None, both))
        return name.highest

    def _join(self, key: str, name: Circles, day: int, one: int, other: int) -> None:
        """Join two bearers whom a set of members links, if the evidence for two has become too weak."""
        evidence = self._evidence(key, name, name.of_bearer(one), name.of_bearer(other))
        if evidence < self._parameters.two_bearers:
            kept, left = min(one, other), max(one, other)
            both = self._members(name, kept), self._members(name, left)
            for circle in name.circles:
                if circle.bearer == left:
                    circle.bearer = kept
            self.revisions.append(Revision(key, day, kept, left, False, evidence, both))

    def _split_bearers(self, key: str, name: Circles, day: int, circles: Sequence[int]) -> None:
        """Split the bearers of the circles that came up, if their days alternate with those of others too often."""
        if len(name.sequence) > 2 or self._decisions.get(key):
            for bearer in sorted({name.circle(each).bearer for each in circles}):
                self._split(key, name, day, bearer)

    def _split(self, key: str, name: Circles, day: int, bearer: int) -> None:
        """Group the circles of a bearer; the group that appeared on most days keeps the number."""
        groups = [[number] for number in name.of_bearer(bearer)]
        evidence = 0.0
        while len(groups) > 1:
            evidence, _, place, other = min(
                (self._evidence(key, name, first, second), name.days_between(first, second), place, other)
                for place, first in enumerate(groups)
                for other, second in enumerate(groups[place + 1 :], place + 1)
            )
            if evidence >= self._parameters.two_bearers:
                break
            groups[place] += groups.pop(other)
        for group in sorted(groups, key=lambda each: (-sum(name.circle(c).n_days for c in each), min(each)))[1:]:
            name.highest += 1
            for number in group:
                name.circle(number).bearer = name.highest
            both = self._members(name, bearer), self._members(name, name.highest)
            self.revisions.append(Revision(key, day, bearer, name.highest, True, evidence, both))

    @staticmethod
    def _members(name: Circles, bearer: int) -> Members:
        return frozenset(name.members(name.of_bearer(bearer)))

    def _evidence(self, key: str, name: Circles, first: list[int], second: list[int]) -> float:
        """Evidence that two groups of circles have two bearers."""
        ours, theirs = name.members(first), name.members(second)
        is_one = verdict(self._decisions.get(key, ()), ours, theirs)
        if is_one is not None:
            return -inf if is_one else inf
        evidence = name.alternations(first, second) + SHARED_DAY * name.days_together(first, second)
        return evidence - COMMON_COMPANY * self._common_company(key, ours, theirs)

    def _common_company(self, key: str, ours: Iterable[str], theirs: Iterable[str]) -> float:
        """Share of the smaller set that also appeared with members of the other one, without the name itself."""
        smaller, larger = sorted((set(ours) - {key}, set(theirs) - {key}), key=lambda each: (len(each), sorted(each)))
        common = sum(not larger.isdisjoint(self._company[each] - {key}) for each in smaller)
        return common / max(len(smaller), 1)
