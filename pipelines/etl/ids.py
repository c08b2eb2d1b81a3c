"""Ids that never change: what was given an id once keeps it; what is new gets the next one."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class IdRegister(Generic[Key]):
    """Ids by natural key.

    Attributes:
        ids: Given so far; grows by :meth:`give`.
    """

    ids: dict[Key, int] = field(default_factory=dict)
    _next: int = 0

    def give(self, key: Key) -> int:
        """The id of ``key``, new where it has none."""
        known = self.ids.get(key)
        return known if known is not None else self.adopt(key, self.fresh())

    def adopt(self, key: Key, number: int) -> int:
        """Let ``key`` stand for an id that exists."""
        self.ids[key] = number
        return number

    def fresh(self) -> int:
        """An id that nobody has."""
        self._next = max(self._next, max(self.ids.values(), default=0)) + 1 if self._next == 0 else self._next + 1
        return self._next


def give_all(register: IdRegister[Key], keys: Iterable[Key]) -> Mapping[Key, int]:
    """Ids for all keys, in their order."""
    return {key: register.give(key) for key in keys}


@dataclass(slots=True)
class Identities:
    """The ids of an installation: loaded before a rebuild, stored with it.

    Attributes:
        maps: By name.
        teams: By spelling and namesake number.
        players: By spelling and namesake number.
        events: By name.
        lineups: By team id and roster text.
        series: By natural key.
        map_results: By natural key.
        standings: By day of publication and natural key.
    """

    maps: IdRegister[str] = field(default_factory=IdRegister)
    teams: IdRegister[tuple[str, int]] = field(default_factory=IdRegister)
    players: IdRegister[tuple[str, int]] = field(default_factory=IdRegister)
    events: IdRegister[str] = field(default_factory=IdRegister)
    lineups: IdRegister[tuple[int, str]] = field(default_factory=IdRegister)
    series: IdRegister[str] = field(default_factory=IdRegister)
    map_results: IdRegister[str] = field(default_factory=IdRegister)
    standings: IdRegister[tuple[str, str]] = field(default_factory=IdRegister)
