"""Two spellings of one nickname: found on the day on which both have appeared with the same four teammates."""

from collections import defaultdict, deque
from collections.abc import Iterable

from pipelines.etl.circles import Members
from pipelines.etl.decisions import PLAYER, Decision
from pipelines.spelling import are_alike

SAME_FOUR = "two spellings with the same four teammates"


class SpellingVariants:
    """Spellings seen so far. Call :meth:`learn_day` once a day, in the order of the days."""

    def __init__(self) -> None:
        self._lineups_of: dict[str, set[Members]] = defaultdict(set)
        self._fifths: dict[Members, set[str]] = defaultdict(set)
        self._root: dict[str, str] = {}
        self._found: dict[frozenset[str], Decision] = {}

    def learn_day(self, day: int, lineups: Iterable[Members]) -> list[Decision]:
        """Return what the lineups of a day show: two nicknames are one player, or two after all.

        Two spellings are one player if they appear with the same four and are alike once folded. Nicknames that share
        a lineup are two.

        Args:
            day: Day number.
            lineups: The known lineups of the day: five nicknames each.
        """
        decisions = []
        new = sorted((each for each in set(lineups) if each not in self._lineups_of[min(each)]), key=sorted)
        for lineup in new:
            for name in lineup:
                self._lineups_of[name].add(lineup)
        for pair, found in list(self._found.items()):
            if found.is_one and any(pair <= lineup for lineup in new):
                self._found[pair] = Decision(day, PLAYER, found.names, found.members, False, "both are in one lineup")
                decisions.append(self._found[pair])
        waiting = deque(new)
        while waiting:
            lineup = waiting.popleft()
            for name in sorted(lineup):
                four = frozenset(map(self.spelling, lineup - {name}))
                for other in sorted(self._fifths[four] - {name}):
                    pair = frozenset((name, other))
                    if pair not in self._found and are_alike(name, other) and not self._play_together(name, other):
                        mate = min(lineup - {name})
                        self._found[pair] = Decision(day, PLAYER, (other, name), (mate, mate), True, SAME_FOUR)
                        decisions.append(self._found[pair])
                        waiting.extend(self._respell(name, other))
                self._fifths[four].add(name)
        return decisions

    def spelling(self, nickname: str) -> str:
        """Return the one spelling that stands for all spellings of a nickname, as far as known."""
        return self._root.get(nickname, nickname)

    def _play_together(self, name: str, other: str) -> bool:
        return any(other in lineup for lineup in self._lineups_of[name])

    def _respell(self, name: str, other: str) -> list[Members]:
        """Let two spellings count as one mate; return the lineups in which that may show further variants."""
        root = min(self.spelling(name), self.spelling(other))
        both = {name, other} | {each for each, of in self._root.items() if of in (name, other)}
        self._root.update(dict.fromkeys(both, root))
        return sorted((lineup for each in both for lineup in self._lineups_of[each]), key=sorted)
