"""Team names that could be a rename: one stops where the other begins, against the same opponents.

Without lineups that is no proof, so nothing is linked: the report lists the pairs for an operator to decide.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.etl.match_rows import MatchRow
from pipelines.etl.team_links import Identity

GAP_DAYS = 45
"""Most days between the last match of one name and the first of the other."""

COMPARED_DAYS = 120
"""Days before and after the change whose opponents are compared."""

MIN_MATCHES = 10
"""Fewest rows of each name in those days."""

COMMON_OPPONENTS = 0.5
"""Least share of the opponents of the name that met fewer whom both names met."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Two names that could be one team.

    Attributes:
        former: The name that stops.
        later: The name that begins.
        last_day: Last day number of the one.
        first_day: First day number of the other.
        n_common: Number of opponents that both met around the change.
        share: Their share of the opponents of the name that met fewer.
    """

    former: Identity
    later: Identity
    last_day: int
    first_day: int
    n_common: int
    share: float


@dataclass(slots=True)
class _Played:
    """Days, opponents and known lineups of one team, in the order of the days."""

    days: list[int]
    opponents: list[Identity]
    has_lineup: list[bool]

    def opponents_between(self, first: int, last: int) -> set[Identity]:
        return set(self.opponents[bisect_left(self.days, first) : bisect_right(self.days, last)])

    def n_between(self, first: int, last: int) -> int:
        return bisect_right(self.days, last) - bisect_left(self.days, first)

    def is_named_alone(self, first: int, last: int) -> bool:
        """Whether no lineup is known between two days."""
        return not any(self.has_lineup[bisect_left(self.days, first) : bisect_right(self.days, last)])


def possible_renames(rows: Iterable[MatchRow]) -> list[Rename]:
    """Find pairs of names that could be one team; of several candidates each name has its best one.

    Args:
        rows: Map rows and series rows.
    """
    teams = _played(rows)
    found = sorted(_candidates(teams), key=lambda each: (-each.share * each.n_common, each.former, each.later))
    taken: set[tuple[str, Identity]] = set()
    best = []
    for rename in found:
        if ("former", rename.former) not in taken and ("later", rename.later) not in taken:
            taken |= {("former", rename.former), ("later", rename.later)}
            best.append(rename)
    return best


def _played(rows: Iterable[MatchRow]) -> dict[Identity, _Played]:
    teams: dict[Identity, _Played] = defaultdict(lambda: _Played([], [], []))
    for row in sorted(rows, key=lambda each: each.day):
        for side in (0, 1):
            team = teams[row.teams[side]]
            team.days.append(row.day)
            team.opponents.append(row.teams[1 - side])
            team.has_lineup.append(row.rosters[side] is not None)
    return teams


def _candidates(teams: dict[Identity, _Played]) -> Iterator[Rename]:
    beginning = sorted((team.days[0], name) for name, team in teams.items())
    for former, old in teams.items():
        last = old.days[-1]
        if old.n_between(last - COMPARED_DAYS, last) < MIN_MATCHES:
            continue
        place = bisect_right(beginning, (last, former))
        while place < len(beginning) and beginning[place][0] <= last + GAP_DAYS:
            first, later = beginning[place]
            place += 1
            new = teams[later]
            if new.n_between(first, first + COMPARED_DAYS) < MIN_MATCHES:
                continue
            if not (old.is_named_alone(last - COMPARED_DAYS, last) or new.is_named_alone(first, first + COMPARED_DAYS)):
                continue
            ours = old.opponents_between(last - COMPARED_DAYS, last)
            theirs = new.opponents_between(first, first + COMPARED_DAYS)
            common = len(ours & theirs)
            share = common / min(len(ours), len(theirs))
            if share >= COMMON_OPPONENTS and later not in old.opponents:
                yield Rename(former, later, last, first, common, share)
