"""Homonyms: tell apart players, or teams, of one name by the nicknames they appear with."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Members = frozenset[str]
"""Nicknames that appear with a name: the teammates of a player, the lineup of a team."""

REMEMBERED = 5
"""Number of latest distinct member sets that describe a player or team."""


@dataclass(slots=True)
class _Homonym:
    """One player or team of a name, with the members of its latest appearances."""

    number: int
    last_day: int
    recent: list[Members] = field(default_factory=list)

    def overlap(self, members: Members) -> int:
        return max((len(members & known) for known in self.recent), default=0)

    def record(self, day: int, members: Members) -> None:
        self.last_day = day
        if members in self.recent:
            self.recent.remove(members)
        self.recent = [*self.recent[1 - REMEMBERED :], members]


class Homonyms:
    """Number the players, or teams, that share a name: 1, 2, … by first appearance.

    Two appearances of a name on one day without a common member are two homonyms. From then on an appearance belongs
    to the homonym with which it shares the most recent members, or to the latest one if it shares none. A decision
    uses the appearances of its day and of earlier days only.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, list[_Homonym]] = defaultdict(list)

    def number(self, day: int, appearances: Mapping[str, Iterable[Members]]) -> dict[tuple[str, Members], int]:
        """Number each appearance of a day. Call it once a day, in the order of the days.

        Args:
            day: Day number.
            appearances: By name, the distinct member sets of that day.

        Returns:
            Homonym number by name and members.
        """
        numbers: dict[tuple[str, Members], int] = {}
        for name in sorted(appearances):
            for cluster in self._most_familiar_first(name, _clusters(appearances[name])):
                homonym = self._match(name, day, frozenset().union(*cluster))
                for members in cluster:
                    numbers[name, members] = homonym.number
                    homonym.record(day, members)
        return numbers

    def latest(self, name: str) -> int:
        """Return the homonym that appeared last, or 1 if none appeared: for an appearance without members."""
        homonyms = self._by_name.get(name)
        return max(homonyms, key=lambda each: (each.last_day, -each.number)).number if homonyms else 1

    def ambiguous(self) -> dict[str, int]:
        """Return the number of homonyms by name, where it is more than one."""
        return {name: len(homonyms) for name, homonyms in sorted(self._by_name.items()) if len(homonyms) > 1}

    def _most_familiar_first(self, name: str, clusters: list[list[Members]]) -> list[list[Members]]:
        """Sort clusters: the one that overlaps most with a known homonym is matched first."""
        homonyms = self._by_name[name]

        def overlap(cluster: list[Members]) -> int:
            members = frozenset().union(*cluster)
            return max((homonym.overlap(members) for homonym in homonyms), default=0)

        return sorted(clusters, key=lambda cluster: -overlap(cluster)) if len(clusters) > 1 else clusters

    def _match(self, name: str, day: int, members: Members) -> _Homonym:
        homonyms = self._by_name[name]
        # Clusters of one day have no common member: each is a homonym of its own.
        free = [homonym for homonym in homonyms if homonym.last_day < day]
        if free:
            return max(free, key=lambda each: (each.overlap(members), each.last_day, -each.number))
        homonyms.append(_Homonym(number=len(homonyms) + 1, last_day=day))
        return homonyms[-1]


def _clusters(appearances: Iterable[Members]) -> list[list[Members]]:
    """Group member sets that overlap, directly or through others."""
    clusters: list[tuple[set[str], list[Members]]] = []
    for members in sorted(set(appearances), key=sorted):
        names: set[str] = set(members)
        merged: list[Members] = [members]
        for cluster in [cluster for cluster in clusters if cluster[0] & members]:
            names |= cluster[0]
            merged = [*cluster[1], *merged]
            clusters.remove(cluster)
        clusters.append((names, merged))
    return [merged for _, merged in clusters]
