"""Surrogate ids that never change: a natural key keeps the id it was assigned first."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class IdRegister(Generic[Key]):
    """Ids by natural key.

    Attributes:
        ids: Every id assigned so far.
    """

    ids: dict[Key, int] = field(default_factory=dict)
    _last: int = 0

    def assign(self, key: Key) -> int:
        """Return the id of ``key``; assign the next one if it has none."""
        known = self.ids.get(key)
        return known if known is not None else self.bind(key, self.next_id())

    def bind(self, key: Key, number: int) -> int:
        """Let ``key`` stand for an existing id, and return that id."""
        self.ids[key] = number
        return number

    def move(self, former: Key, key: Key) -> int:
        """Let ``key`` stand for the id of ``former``, which stands for none any more."""
        return self.bind(key, self.ids.pop(former))

    def next_id(self) -> int:
        """Reserve an id that no key has."""
        if self._last == 0:
            self._last = max(self.ids.values(), default=0)
        self._last += 1
        return self._last


@dataclass(slots=True)
class NameRegister(IdRegister[tuple[str, int]]):
    """Ids of teams or players by spelling and homonym number.

    Attributes:
        former: Ids of identities that were merged into others, by key and homonym number.
        reserved: The highest id that any entry has.
    """

    former: dict[tuple[str, int], int] = field(default_factory=dict)
    reserved: int = 0

    def next_id(self) -> int:
        """Reserve an id that no alias and no former identity has."""
        if self._last == 0:
            self._last = max(self.reserved, *self.ids.values(), *self.former.values(), 0)
        self._last += 1
        return self._last


def assign_all(register: IdRegister[Key], keys: Iterable[Key]) -> Mapping[Key, int]:
    """Return an id for each key; new ids follow the order of the keys."""
    return {key: register.assign(key) for key in keys}


@dataclass(slots=True)
class Identities:
    """The ids of an installation: loaded before a rebuild and stored after it.

    Attributes:
        maps: By name.
        teams: By spelling and homonym number.
        players: By spelling and homonym number.
        events: By name.
        lineups: By team id and roster text.
        series: By natural key.
        map_results: By natural key.
        standings: By day of publication and natural key.
    """

    maps: IdRegister[str] = field(default_factory=IdRegister)
    teams: NameRegister = field(default_factory=NameRegister)
    players: NameRegister = field(default_factory=NameRegister)
    events: IdRegister[str] = field(default_factory=IdRegister)
    lineups: IdRegister[tuple[int, str]] = field(default_factory=IdRegister)
    series: IdRegister[str] = field(default_factory=IdRegister)
    map_results: IdRegister[str] = field(default_factory=IdRegister)
    standings: IdRegister[tuple[str, str]] = field(default_factory=IdRegister)
