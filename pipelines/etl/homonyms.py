"""Homonyms: players, or teams, that share a name, told apart by the members they appear with, in the order of the days.

A name has one bearer until the evidence says two. Its appearances fall into circles: sets of members (teammates of a
player, the lineup of a team) that are linked by common members. One bearer moves from circle to circle; two go on side
by side, so that the days of their circles alternate. Against that speak members of one circle who also appeared with
members of the other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

Members = frozenset[str]
"""Nicknames that appear with a name: the teammates of a player, the lineup of a team."""

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
        day: Day number on which the evidence changed the decision.
        bearer: Number of the bearer who keeps it.
        other_bearer: Number that is new, or is given up.
        evidence: Evidence for two bearers on that day.
        is_split: Whether one became two.
    """

    name: str
    day: int
    bearer: int
    other_bearer: int
    evidence: float
    is_split: bool


@dataclass(slots=True)
class _Circle:
    """Appearances of a name that are linked by common members."""

    bearer: int
    members: set[str]
    first_day: int
    last_day: int
    n_days: int = 0


@dataclass(slots=True)
class _Name:
    """Appearances of one name.

    Attributes:
        circles: The circles, by their number.
        merged_into: Number of the circle that took up another one, by the number of that one.
        sequence: The circles in the order of their appearance, without repetition.
        shared_days: Number of days on which two circles appear, by their numbers in ascending order.
        highest: The highest number that a bearer got.
    """

    circles: list[_Circle] = field(default_factory=list)
    merged_into: dict[int, int] = field(default_factory=dict)
    sequence: list[int] = field(default_factory=list)
    shared_days: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    highest: int = 0

    def known(self) -> dict[int, _Circle]:
        return {number: each for number, each in enumerate(self.circles) if number not in self.merged_into}

    def circle(self, number: int) -> _Circle:
        while number in self.merged_into:
            number = self.merged_into[number]
        return self.circles[number]

    def of_bearer(self, bearer: int) -> list[int]:
        return [number for number, circle in self.known().items() if circle.bearer == bearer]

    def bearers(self) -> set[int]:
        return {circle.bearer for circle in self.circles}

    def overlap(self, members: Members) -> int:
        return max((len(circle.members & members) for circle in self.known().values()), default=0)

    def latest(self) -> int | None:
        """Number of the circle that appeared last."""
        known = self.known()
        return max(known, key=lambda number: (known[number].last_day, -number)) if known else None


class Homonyms:
    """Number the bearers of each name: 1, 2, … A decision uses the appearances of its day and of earlier days only.

    A later day can split a bearer, or join two. What :meth:`current` says on a day is what is known then.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.revisions: list[Revision] = []
        self._parameters = parameters
        self._names: dict[str, _Name] = defaultdict(_Name)
        self._company: dict[str, set[str]] = defaultdict(set)

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
            name = self._names[key]
            most_familiar_first = sorted(
                appearances[key], key=lambda each: (not each, -name.overlap(each), sorted(each))
            )
            for members in most_familiar_first:
                assigned[key, members] = self._find_circle(key, name, day, members)
            circles = {members: assigned[key, members] for members in most_familiar_first}
            self._record(key, name, day, sorted(set(circles.values())))
        return assigned

    def current(self, key: str, circle: int) -> int:
        """Return the number of the bearer to whom a circle belongs, as far as known now."""
        return self._names[key].circle(circle).bearer

    def ambiguous(self) -> dict[str, int]:
        """Return the number of bearers by name, where it is more than one."""
        counts = {key: len(name.bearers()) for key, name in self._names.items()}
        return {key: count for key, count in sorted(counts.items()) if count > 1}

    def _find_circle(self, key: str, name: _Name, day: int, members: Members) -> int:
        known = name.known()
        latest = name.latest()
        linked = {number: circle for number, circle in known.items() if circle.members & members}
        if not linked:
            is_return = latest is not None and self._is_absent(day - known[latest].last_day)
            if not members and latest is not None and not is_return:
                known[latest].last_day = day
                return latest
            bearer = self._bearer_of_new_circle(key, name, day, members, is_return=is_return)
            name.circles.append(_Circle(bearer, set(members), day, day))
            return len(name.circles) - 1
        best = max(linked, key=lambda number: (len(linked[number].members & members), linked[number].last_day, -number))
        for bearer in sorted({circle.bearer for circle in linked.values()} - {linked[best].bearer}):
            self._join(key, name, day, linked[best].bearer, bearer)
        for number, circle in linked.items():
            if number != best and circle.bearer == linked[best].bearer:
                best = _merge(name, min(best, number), max(best, number))
        circle = name.circle(best)
        circle.members |= members
        circle.last_day = day
        return best

    def _is_absent(self, days: int) -> bool:
        return self._parameters.absence_days is not None and days > self._parameters.absence_days

    def _bearer_of_new_circle(self, key: str, name: _Name, day: int, members: Members, *, is_return: bool) -> int:
        """Return the one bearer of a name; of several the one with common company, or who changed it; or a new one."""
        bearers = name.bearers()
        if len(bearers) == 1 and not is_return:
            return min(bearers)
        if not is_return:
            candidates = [
                (self._common_company(key, circle.members, members), circle.last_day, -circle.bearer)
                for circle in name.known().values()
            ]
            candidates = [each for each in candidates if each[0] > 0 or day - each[1] <= self._parameters.change_days]
            if candidates:
                return -max(candidates)[2]
        name.highest += 1
        return name.highest

    def _join(self, key: str, name: _Name, day: int, one: int, other: int) -> None:
        """Join two bearers whom a set of members links, if the evidence for two has become too weak."""
        evidence = self._evidence(key, name, name.of_bearer(one), name.of_bearer(other))
        if evidence < self._parameters.two_bearers:
            kept, left = min(one, other), max(one, other)
            for circle in name.circles:
                if circle.bearer == left:
                    circle.bearer = kept
            self.revisions.append(Revision(key, day, kept, left, evidence, is_split=False))

    def _record(self, key: str, name: _Name, day: int, circles: list[int]) -> None:
        """Note which circles appear on a day, and split a bearer if the days of his circles alternate too often."""
        for number in circles:
            name.circle(number).n_days += 1
        for place, first in enumerate(circles):
            for second in circles[place + 1 :]:
                name.shared_days[first, second] += 1
        if name.sequence and name.sequence[-1] in circles:  # the circle that appeared last continues
            circles = [each for each in circles if each != name.sequence[-1]]
        name.sequence += circles
        if len(name.sequence) > 2:
            for bearer in sorted({name.circle(each).bearer for each in circles}):
                self._split(key, name, day, bearer)

    def _split(self, key: str, name: _Name, day: int, bearer: int) -> None:
        """Group the circles of a bearer; the group that appeared on most days keeps the number."""
        groups = [[number] for number in name.of_bearer(bearer)]
        evidence = 0.0
        while len(groups) > 1:
            evidence, _, place, other = min(
                (self._evidence(key, name, first, second), _days_between(name, first, second), place, other)
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
            self.revisions.append(Revision(key, day, bearer, name.highest, evidence, is_split=True))

    def _evidence(self, key: str, name: _Name, first: list[int], second: list[int]) -> float:
        """Evidence that two groups of circles have two bearers."""
        side = {**dict.fromkeys(first, 0), **dict.fromkeys(second, 1)}
        alternations = sum(one != two for one, two in pairwise(side[each] for each in name.sequence if each in side))
        shared = sum(name.shared_days.get((min(one, two), max(one, two)), 0) for one in first for two in second)
        ours, theirs = (set().union(*(name.circle(each).members for each in group)) for group in (first, second))
        return alternations + SHARED_DAY * shared - COMMON_COMPANY * self._common_company(key, ours, theirs)

    def _common_company(self, key: str, ours: Iterable[str], theirs: Iterable[str]) -> float:
        """Share of the smaller set that also appeared with members of the other one, without the name itself."""
        smaller, larger = sorted((set(ours) - {key}, set(theirs) - {key}), key=lambda each: (len(each), sorted(each)))
        common = sum(not larger.isdisjoint(self._company[each] - {key}) for each in smaller)
        return common / max(len(smaller), 1)


def _merge(name: _Name, kept: int, other: int) -> int:
    """Join two circles of one bearer that turn out to have common members."""
    survivor, merged = name.circle(kept), name.circle(other)
    survivor.members |= merged.members
    survivor.first_day = min(survivor.first_day, merged.first_day)
    survivor.last_day = max(survivor.last_day, merged.last_day)
    survivor.n_days += merged.n_days
    name.merged_into[other] = kept
    joined = [kept if number == other else number for number in name.sequence]
    name.sequence = [number for place, number in enumerate(joined) if place == 0 or number != joined[place - 1]]
    for (first, second), count in list(name.shared_days.items()):
        if other in (first, second):
            del name.shared_days[first, second]
            third = first if second == other else second
            if third != kept:
                name.shared_days[min(third, kept), max(third, kept)] += count
    return kept


def _days_between(name: _Name, first: list[int], second: list[int]) -> int:
    """Days between two groups of circles, 0 if they overlap."""
    return min(
        max(one.first_day - two.last_day, two.first_day - one.last_day, 0)
        for one in map(name.circle, first)
        for two in map(name.circle, second)
    )
