"""Two of one name: told apart by the company they keep, from the past only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Company = frozenset[str]


@dataclass(slots=True)
class _Bearer:
    """One of those who bear a name, and the last companies that were seen with him."""

    number: int
    last_day: int
    companies: list[Company] = field(default_factory=list)

    def overlap(self, company: Company) -> int:
        return max((len(company & known) for known in self.companies), default=0)

    def seen(self, day: int, company: Company) -> None:
        self.last_day = day
        if company in self.companies:
            self.companies.remove(company)
        self.companies = [*self.companies[-4:], company]


class Homonyms:
    """Numbers the bearers of each name: 1, 2, … by first appearance.

    Two appearances of a name on one day in companies without a common member are two bearers. From then on an
    appearance belongs to the bearer with whose recent companies it shares most members; to the one seen last where
    it shares none. What is decided for a day rests on that day's appearances and earlier ones.
    """

    def __init__(self) -> None:
        self._bearers: dict[str, list[_Bearer]] = defaultdict(list)

    def number(self, day: int, appearances: Mapping[str, Iterable[Company]]) -> dict[tuple[str, Company], int]:
        """The bearer of each appearance of a day. Days must be handed over in order.

        Args:
            day: Day number.
            appearances: By name, the companies (without the name itself) it was seen in that day.

        Returns:
            Number of the bearer by name and company.
        """
        numbers: dict[tuple[str, Company], int] = {}
        for name in sorted(appearances):
            for circle in self._by_familiarity(name, _circles(appearances[name])):
                bearer = self._bearer_of(name, day, circle)
                for company in circle:
                    numbers[name, company] = bearer.number
                    bearer.seen(day, company)
        return numbers

    def latest(self, name: str) -> int:
        """The bearer seen last, for an appearance without company; the first where none was seen yet."""
        bearers = self._bearers.get(name)
        return max(bearers, key=lambda bearer: (bearer.last_day, -bearer.number)).number if bearers else 1

    def ambiguous(self) -> dict[str, int]:
        """Names with several bearers, and how many."""
        return {name: len(bearers) for name, bearers in sorted(self._bearers.items()) if len(bearers) > 1}

    def _by_familiarity(self, name: str, circles: list[list[Company]]) -> list[list[Company]]:
        """The circle that a known bearer fits best chooses first."""
        bearers = self._bearers[name]

        def strangeness(circle: list[Company]) -> int:
            company = frozenset().union(*circle)
            return -max((bearer.overlap(company) for bearer in bearers), default=0)

        return sorted(circles, key=strangeness) if len(circles) > 1 else circles

    def _bearer_of(self, name: str, day: int, circle: list[Company]) -> _Bearer:
        bearers = self._bearers[name]
        company = frozenset().union(*circle)
        # One bearer cannot be in two circles on one day.
        free = [bearer for bearer in bearers if bearer.last_day < day]
        if free:
            return max(free, key=lambda bearer: (bearer.overlap(company), bearer.last_day, -bearer.number))
        bearers.append(_Bearer(number=len(bearers) + 1, last_day=day))
        return bearers[-1]


def _circles(companies: Iterable[Company]) -> list[list[Company]]:
    """Groups of companies that share members, directly or through others."""
    circles: list[tuple[set[str], list[Company]]] = []
    for company in sorted(set(companies), key=sorted):
        touching = [circle for circle in circles if circle[0] & company]
        merged_names: set[str] = set(company)
        merged: list[Company] = [company]
        for circle in touching:
            merged_names |= circle[0]
            merged = [*circle[1], *merged]
            circles.remove(circle)
        circles.append((merged_names, merged))
    return [circle[1] for circle in circles]
