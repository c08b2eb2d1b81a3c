"""Lineups that are published apart from the maps: find their map, and fill the sides that have none."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipelines.etl.schedule import MAX_GAP_DAYS
from pipelines.spelling import Lineup, fold, split_players, team_key

SHARED_FOLDED = 4
"""Two published lineups of one side are the same if this many of the five nicknames agree once folded."""

CONTRADICTS = "the map has another lineup"
NO_MAP = "no map of these teams within a day"
OTHER_MAP = "the map of its hltv_map_id has another name, other teams or another day"
SEVERAL_MAPS = "several maps fit: give hltv_map_id or hltv_match_id"
PLAYER_ON_BOTH_SIDES = "a player would be on both sides of the map"

Sides = tuple[Lineup, Lineup]


class LineupError(Exception):
    """A lineup row cannot be used. The message is the reason."""


@dataclass(frozen=True, slots=True)
class FilledMaps:
    """Map rows with the lineups that were published apart.

    Attributes:
        rows: Typed map rows.
        merged: Indices of lineup rows that add nothing to their map.
        rejected: Why a lineup row cannot be used, by index.
    """

    rows: pd.DataFrame
    merged: list[int] = field(default_factory=list)
    rejected: dict[int, str] = field(default_factory=dict)


class _Fact(NamedTuple):
    """What a map row, or a lineup row, says of a map. ``teams`` are team keys, in the order of the row."""

    position: int
    source_rank: int
    map_id: str
    match_id: str
    day: int
    topic: str
    teams: tuple[str, str]
    sides: Sides

    @property
    def pair(self) -> tuple[str, frozenset[str]]:
        """Map name and both teams."""
        return self.topic, frozenset(self.teams)

    def denies(self, other: "_Fact") -> bool:
        """Whether ids of one source tell the two apart."""
        ids = ((self.map_id, other.map_id), (self.match_id, other.match_id))
        return self.source_rank == other.source_rank and any(ours and theirs and ours != theirs for ours, theirs in ids)

    def sides_as(self, other: "_Fact") -> Sides:
        """Both lineups, in the order of the teams of another row."""
        return self.sides if self.teams[0] == other.teams[0] else self.sides[::-1]


class _MapFinder:
    """Finds the map rows that a lineup row is about."""

    def __init__(self, maps: list[_Fact]) -> None:
        self._by_id = {(fact.source_rank, fact.map_id): fact for fact in maps if fact.map_id}
        self._by_pair: dict[tuple[str, frozenset[str]], list[_Fact]] = defaultdict(list)
        for fact in maps:
            self._by_pair[fact.pair].append(fact)

    def find(self, lineup: _Fact) -> tuple[tuple[bool, int], list[_Fact]]:
        """Return how uncertain the match is (without an id, days apart), and one map row of each source.

        Raises:
            LineupError: If no map row fits, or several rows of one source fit alike.
        """
        if by_id := self._by_id.get((lineup.source_rank, lineup.map_id)):
            distance = abs(by_id.day - lineup.day)
            if by_id.pair != lineup.pair or distance > MAX_GAP_DAYS:
                raise LineupError(OTHER_MAP)
            return (False, distance), [by_id]
        distances = [
            (abs(fact.day - lineup.day), fact)
            for fact in self._by_pair.get(lineup.pair, [])
            if abs(fact.day - lineup.day) <= MAX_GAP_DAYS and not lineup.denies(fact)
        ]
        if not distances:
            raise LineupError(NO_MAP)
        nearest = min(distance for distance, _ in distances)
        found: dict[int, list[_Fact]] = defaultdict(list)
        for distance, fact in distances:
            if distance == nearest:
                found[fact.source_rank].append(fact)
        return (True, nearest), [_only(lineup, facts) for facts in found.values()]


def _only(lineup: _Fact, facts: list[_Fact]) -> _Fact:
    """The one map row of a source: that of the same match id, if several fit."""
    if len(facts) > 1 and lineup.match_id:
        facts = [fact for fact in facts if fact.match_id == lineup.match_id] or facts
    if len(facts) > 1:
        raise LineupError(SEVERAL_MAPS)
    return facts[0]


def fill_lineups(maps: pd.DataFrame, lineups: pd.DataFrame) -> FilledMaps:
    """Give each map the lineups of its lineup row. A lineup that was published with the map stays.

    A lineup row belongs to the map of its ``hltv_map_id``, else to the map of the same name and teams on its day, else
    a day apart. A row that contradicts a lineup of its map is rejected as a whole.

    Args:
        maps: Typed map rows.
        lineups: Typed lineup rows.
    """
    if lineups.empty:
        return FilledMaps(maps)
    of_maps = _facts(maps)
    finder = _MapFinder(of_maps)
    indices = lineups.index.tolist()
    found, rejected = [], {}
    for lineup in _facts(lineups):
        try:
            uncertainty, facts = finder.find(lineup)
        except LineupError as error:
            rejected[indices[lineup.position]] = str(error)
        else:
            found.append((uncertainty, lineup, facts))
    sides = {fact.position: _usable(fact.sides) for fact in of_maps}
    changed: set[int] = set()
    merged: list[int] = []
    # Of two rows about one map the more certain one counts.
    for _, lineup, facts in sorted(found, key=lambda each: (each[0], each[1].position)):
        try:
            filled = {fact.position: _fill(sides[fact.position], lineup.sides_as(fact)) for fact in facts}
        except LineupError as error:
            rejected[indices[lineup.position]] = str(error)
            continue
        fills = {position for position, both in filled.items() if both != sides[position]}
        if not fills:
            merged.append(indices[lineup.position])
        changed |= fills
        sides |= filled
    return FilledMaps(_with_sides(maps, {position: sides[position] for position in sorted(changed)}), merged, rejected)


def _facts(frame: pd.DataFrame) -> list[_Fact]:
    days = frame["day"].to_numpy(dtype="datetime64[D]").astype(np.int64).tolist()
    texts = [frame[name] for name in ("map", "team1", "team2", "team1_players", "team2_players", "source_rank")] + [
        frame["hltv_map_id"],
        frame["hltv_match_id"],
    ]
    return [
        _Fact(
            position=position,
            source_rank=rank,
            map_id=map_id,
            match_id=match_id,
            day=day,
            topic=topic,
            teams=(team_key(team1), team_key(team2)),
            sides=(split_players(players1), split_players(players2)),
        )
        for position, (day, topic, team1, team2, players1, players2, rank, map_id, match_id) in enumerate(
            zip(days, *texts, strict=True)
        )
    ]


def _usable(sides: Sides) -> Sides:
    """The lineups of a map row that identities can use: five players, none on both sides."""
    if not set(sides[0]).isdisjoint(sides[1]):
        return (), ()
    first, second = (side if len(side) == len(set(side)) == 5 else () for side in sides)
    return first, second


def _fill(sides: Sides, published: Sides) -> Sides:
    """Return the sides of a map with those of a lineup row where the map has none.

    Raises:
        LineupError: If the row contradicts the map.
    """
    for side, other in zip(sides, published, strict=True):
        if side and other and len({*map(fold, side)} & {*map(fold, other)}) < SHARED_FOLDED:
            raise LineupError(CONTRADICTS)
    first, second = (side or other for side, other in zip(sides, published, strict=True))
    if set(first) & set(second):
        raise LineupError(PLAYER_ON_BOTH_SIDES)
    return first, second


def _with_sides(maps: pd.DataFrame, sides: Mapping[int, Sides]) -> pd.DataFrame:
    """Write lineups into map rows, by position. A side without a lineup keeps its text."""
    filled = maps.copy()
    for side, column in enumerate(("team1_players", "team2_players")):
        texts = maps[column].tolist()
        for position, both in sides.items():
            texts[position] = "|".join(both[side]) or texts[position]
        filled[column] = pd.Series(texts, index=maps.index, dtype=maps[column].dtype)
    return filled
