"""Nicknames of one player, as operators say. Evidence joins spellings alone (``pipelines.spelling``)."""

from pipelines.etl.decisions import Decision
from pipelines.etl.homonyms import Homonyms
from pipelines.etl.team_links import Identity


class PlayerLinks:
    """Decisions about two nicknames.

    Args:
        players: Who bears each nickname.
    """

    def __init__(self, players: Homonyms) -> None:
        self._players = players
        self._decisions: dict[frozenset[tuple[str, str]], Decision] = {}
        self._names: set[str] = set()

    def decide(self, decision: Decision) -> None:
        """Join two nicknames, or part them again: the last decision about them counts."""
        self._decisions[frozenset(zip(decision.names, decision.members, strict=True))] = decision
        self._names.update(decision.names)

    def player(self, identity: Identity) -> Identity:
        """Return the identity that stands for the player: of joined ones, the first by name."""
        if identity[0] not in self._names:
            return identity
        group, added = {identity}, True
        joins = [self._bearers(decision) for decision in self._decisions.values() if decision.is_one]
        while added:
            reached = {each for both in joins if not both.isdisjoint(group) for each in both}
            added = not reached <= group
            group |= reached
        return min(group)

    def joined(self) -> dict[Identity, Identity]:
        """Return who stands for each identity that is joined to another one."""
        known = {(name, number) for name in sorted(self._names) for number in self._players.bearers(name)}
        return {each: self.player(each) for each in sorted(known) if self.player(each) != each}

    def _bearers(self, decision: Decision) -> set[Identity]:
        """Return the identities that a decision joins; none while one of the nicknames has not appeared."""
        both = [
            {(name, number) for number in self._players.bearers(name, member)}
            for name, member in zip(decision.names, decision.members, strict=True)
        ]
        return both[0] | both[1] if all(both) else set()
