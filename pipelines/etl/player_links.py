"""Nicknames of one player: spellings that the lineups show to be one, and what operators decide."""

from collections import defaultdict

from pipelines.etl.decisions import Decision
from pipelines.etl.homonyms import Homonyms
from pipelines.etl.team_links import Identity


class PlayerLinks:
    """Pairs of nicknames that are one player, or two.

    Args:
        players: Who bears each nickname.
    """

    def __init__(self, players: Homonyms) -> None:
        self._players = players
        self._found: dict[frozenset[str], Decision] = {}
        self._decided: dict[frozenset[tuple[str, str]], Decision] = {}
        self._joins_of: dict[str, list[Decision]] = {}

    def find(self, decision: Decision) -> None:
        """Join two spellings that the lineups show to be one, or part them, unless an operator has decided."""
        self._found[frozenset(decision.names)] = decision
        self._index()

    def decide(self, decision: Decision) -> None:
        """Join two nicknames, or part them again, as an operator says: the last decision about them counts."""
        self._decided[frozenset(zip(decision.names, decision.members, strict=True))] = decision
        self._index()

    def player(self, identity: Identity) -> Identity:
        """Return the identity that stands for the player: of joined ones, the one that appeared first."""
        if identity[0] not in self._joins_of:
            return identity
        group, waiting = {identity}, [identity]
        while waiting:
            one = waiting.pop()
            for decision in self._joins_of.get(one[0], ()):
                both = self._bearers(decision)
                if one in both:
                    waiting.extend(both - group)
                    group |= both
        return min(group, key=lambda each: (self._players.first_day(*each), each))

    def joined(self) -> dict[Identity, Identity]:
        """Return who stands for each identity that is joined to another one."""
        known = {(name, number) for name in sorted(self._joins_of) for number in self._players.bearers(name)}
        return {each: self.player(each) for each in sorted(known) if self.player(each) != each}

    def _index(self) -> None:
        decided = {frozenset(decision.names) for decision in self._decided.values()}
        found = [decision for pair, decision in self._found.items() if pair not in decided]
        joins: dict[str, list[Decision]] = defaultdict(list)
        for decision in (*found, *self._decided.values()):
            if decision.is_one:
                for name in decision.names:
                    joins[name].append(decision)
        self._joins_of = dict(joins)

    def _bearers(self, decision: Decision) -> set[Identity]:
        """Return the identities that a decision joins; none while one of the nicknames has not appeared."""
        both = [
            {(name, number) for number in self._players.bearers(name, member)}
            for name, member in zip(decision.names, decision.members, strict=True)
        ]
        return both[0] | both[1] if all(both) else set()
