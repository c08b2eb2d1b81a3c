"""Circles of a name: sets of members, linked by common members, with which the name appears."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

Members = frozenset[str]
"""Nicknames that appear with a name: the teammates of a player, the lineup of a team."""


@dataclass(slots=True)
class Circle:
    """Appearances of a name that are linked by common members."""

    bearer: int
    members: set[str]
    first_day: int
    last_day: int
    n_days: int = 0


@dataclass(slots=True)
class Circles:
    """Appearances of one name.

    Attributes:
        circles: The circles, by their number.
        merged_into: Number of the circle that took up another one, by the number of that one.
        sequence: The circles in the order of their appearance, without repetition.
        shared_days: Number of days on which two circles appear, by their numbers in ascending order.
        highest: The highest number that a bearer got.
    """

    circles: list[Circle] = field(default_factory=list)
    merged_into: dict[int, int] = field(default_factory=dict)
    sequence: list[int] = field(default_factory=list)
    shared_days: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    highest: int = 0

    def known(self) -> dict[int, Circle]:
        """Return the circles that no other one took up, by number."""
        return {number: each for number, each in enumerate(self.circles) if number not in self.merged_into}

    def circle(self, number: int) -> Circle:
        """Return a circle, or the one that took it up."""
        while number in self.merged_into:
            number = self.merged_into[number]
        return self.circles[number]

    def of_bearer(self, bearer: int) -> list[int]:
        """Return the numbers of the circles of a bearer."""
        return [number for number, circle in self.known().items() if circle.bearer == bearer]

    def bearers(self) -> set[int]:
        """Return the numbers of the bearers."""
        return {circle.bearer for circle in self.circles}

    def members(self, numbers: Iterable[int]) -> set[str]:
        """Return the members of some circles."""
        return set().union(*(self.circle(number).members for number in numbers))

    def overlap(self, members: Members) -> int:
        """Return the largest number of members that a circle shares with ``members``."""
        return max((len(circle.members & members) for circle in self.known().values()), default=0)

    def latest(self) -> int | None:
        """Return the number of the circle that appeared last."""
        known = self.known()
        return max(known, key=lambda number: (known[number].last_day, -number)) if known else None

    def alternations(self, first: Iterable[int], second: Iterable[int]) -> int:
        """Count how often appearances change between two groups of circles."""
        side = {**dict.fromkeys(first, 0), **dict.fromkeys(second, 1)}
        return sum(one != two for one, two in pairwise(side[each] for each in self.sequence if each in side))

    def days_together(self, first: Iterable[int], second: Iterable[int]) -> int:
        """Count the days on which circles of both groups appear."""
        return sum(self.shared_days.get((min(one, two), max(one, two)), 0) for one in first for two in second)

    def days_between(self, first: list[int], second: list[int]) -> int:
        """Return the days between two groups of circles, 0 if they overlap."""
        return min(
            max(one.first_day - two.last_day, two.first_day - one.last_day, 0)
            for one in map(self.circle, first)
            for two in map(self.circle, second)
        )

    def record(self, circles: list[int]) -> list[int]:
        """Note which circles appear on a day; return those that do not simply continue."""
        for number in circles:
            self.circle(number).n_days += 1
        for place, first in enumerate(circles):
            for second in circles[place + 1 :]:
                self.shared_days[first, second] += 1
        if self.sequence and self.sequence[-1] in circles:  # the circle that appeared last continues
            circles = [each for each in circles if each != self.sequence[-1]]
        self.sequence += circles
        return circles

    def merge(self, kept: int, other: int) -> int:
        """Join two circles of one bearer that turn out to have common members; return the number of the survivor."""
        survivor, merged = self.circle(kept), self.circle(other)
        survivor.members |= merged.members
        survivor.first_day = min(survivor.first_day, merged.first_day)
        survivor.last_day = max(survivor.last_day, merged.last_day)
        survivor.n_days += merged.n_days
        self.merged_into[other] = kept
        joined = [kept if number == other else number for number in self.sequence]
        self.sequence = [number for place, number in enumerate(joined) if place == 0 or number != joined[place - 1]]
        for (first, second), count in list(self.shared_days.items()):
            if other in (first, second):
                del self.shared_days[first, second]
                third = first if second == other else second
                if third != kept:
                    self.shared_days[min(third, kept), max(third, kept)] += count
        return kept
