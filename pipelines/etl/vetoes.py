"""Published steps of vetoes: find their series, and reject steps that contradict each other."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cs2.storage.results import VetoAction
from pipelines.etl.assign_ids import RowIds
from pipelines.etl.match_history import day_numbers
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.etl.schedule import MAX_GAP_DAYS
from pipelines.sources.base import RowKind
from pipelines.spelling import team_key

NO_SERIES = "no series of these teams within a day"
OTHER_SERIES = "the match of its hltv_match_id is of other teams, or more than a day away"
SEVERAL_SERIES = "several series fit: give hltv_match_id"
SAME_NAMES = "both teams of the series have had both names"
UNKNOWN_MAP = "no result names this map"
OTHER_VETO = "another veto of this series is closer"
STEP_TWICE = "the veto has two different steps of this number"
MAP_TWICE = "the veto has the map in two steps"

MatchId = tuple[int, str]
"""Rank of a source, and the id of a match there."""


class VetoError(Exception):
    """A step cannot be used. The message is the reason."""


@dataclass(frozen=True, slots=True)
class VetoRows:
    """Steps of vetoes.

    Attributes:
        rows: Columns of the table ``vetoes``, and ``published_index``.
        merged: Indices of rows that repeat another step.
        rejected: Why a row cannot be used, by index.
    """

    rows: pd.DataFrame
    merged: list[int]
    rejected: dict[int, str]


class _Series(NamedTuple):
    """A series. ``teams`` are the ids of both teams."""

    id: int
    first_day: int
    last_day: int
    teams: tuple[int, int]
    match_ids: frozenset[MatchId]

    def distance(self, day: int) -> int:
        """Days between a day and the series."""
        return max(self.first_day - day, day - self.last_day, 0)

    def has_id_of(self, rank: int) -> bool:
        """Whether the source of this rank has a number for the series."""
        return any(each == rank for each, _ in self.match_ids)


class _Step(NamedTuple):
    """A published step of a known series. The lowest ``publication`` of a series counts."""

    published_index: int
    series: int
    publication: tuple[int, bool, int, int, str, str]
    number: int
    team: int | None
    action: str
    map: int

    @property
    def content(self) -> tuple[int, int | None, str, int]:
        """What must be equal in two rows of one step."""
        return self.number, self.team, self.action, self.map


def veto_rows(resolved: ResolvedRows, ids: RowIds, series: pd.DataFrame) -> VetoRows:
    """Match the published steps with series.

    A step belongs to the series of its ``hltv_match_id``, else to the series of the same teams on its day, else a day
    apart.

    Args:
        resolved: The rows.
        ids: The ids of everything they name.
        series: Table ``series``.
    """
    published = resolved.parsed[RowKind.VETO].rows
    rejected: dict[int, str] = {}
    merged: list[int] = []
    steps: dict[int, list[_Step]] = defaultdict(list)
    if len(published):
        finder = _SeriesFinder(_known_series(resolved, ids, series), ids)
        rows: Iterable[Any] = published.itertuples()
        for row in rows:
            try:
                step = finder.step(row)
            except VetoError as error:
                rejected[int(row.Index)] = str(error)
            else:
                steps[step.series].append(step)
    stored: list[_Step] = []
    for of_series in steps.values():
        reasons = _contradictions(of_series)
        rejected |= reasons
        seen: set[object] = set()
        for step in sorted(of_series, key=lambda each: (each.publication, each.number)):
            if step.published_index not in reasons:
                (merged.append(step.published_index) if step.content in seen else stored.append(step))
                seen.add(step.content)
    return VetoRows(_frame(stored), merged, rejected)


class _SeriesFinder:
    """Finds the series, teams and map of a published step."""

    def __init__(self, series: Sequence[_Series], ids: RowIds) -> None:
        self._maps = ids.maps
        self._team_keys: dict[int, set[str]] = defaultdict(set)
        for team, name in zip(ids.teams.aliases["id"], ids.teams.aliases["name"], strict=True):
            self._team_keys[int(team)].add(team_key(name))
        self._by_pair: dict[frozenset[str], list[_Series]] = defaultdict(list)
        self._by_match: dict[MatchId, list[_Series]] = defaultdict(list)
        for each in series:
            pairs = {frozenset((one, two)) for one in self._keys(each, 0) for two in self._keys(each, 1) if one != two}
            for pair in pairs:
                self._by_pair[pair].append(each)
            for match_id in each.match_ids:
                self._by_match[match_id].append(each)

    def _keys(self, series: _Series, side: int) -> set[str]:
        return self._team_keys[series.teams[side]]

    def step(self, row: Any) -> _Step:
        """Resolve a published row.

        Raises:
            VetoError: If its series or map is not known.
        """
        day = int(np.datetime64(row.day, "D").astype(np.int64))
        keys = team_key(row.team1), team_key(row.team2)
        has_id, series = self._find(day, frozenset(keys), (int(row.source_rank), str(row.hltv_match_id)))
        map_id = self._maps.get(row.map)
        if map_id is None:
            raise VetoError(UNKNOWN_MAP)
        team = None if row.action == VetoAction.DECIDER else self._team(series, keys, team_key(row.team))
        publication = (int(row.source_rank), not has_id, series.distance(day), day, row.hltv_match_id, row.event)
        return _Step(int(row.Index), series.id, publication, int(row.step), team, str(row.action), map_id)

    def _find(self, day: int, pair: frozenset[str], match_id: MatchId) -> tuple[bool, _Series]:
        """Return whether the series was found by its id, and the series."""
        rank, number = match_id
        if number and match_id in self._by_match:
            found = [each for each in self._by_match[match_id] if each in self._by_pair[pair]]
            if not found or found[0].distance(day) > MAX_GAP_DAYS:
                raise VetoError(OTHER_SERIES)
            return True, found[0]
        candidates = [
            each
            for each in self._by_pair[pair]
            if each.distance(day) <= MAX_GAP_DAYS and not (number and each.has_id_of(rank))
        ]
        if not candidates:
            raise VetoError(NO_SERIES)
        nearest = min(each.distance(day) for each in candidates)
        found = [each for each in candidates if each.distance(day) == nearest]
        if len(found) > 1:
            raise VetoError(SEVERAL_SERIES)
        return False, found[0]

    def _team(self, series: _Series, keys: tuple[str, str], key: str) -> int:
        """Id of the team of a step; ``keys`` are those of both teams, in the order of the row."""
        straight = keys[0] in self._keys(series, 0) and keys[1] in self._keys(series, 1)
        if straight and keys[1] in self._keys(series, 0) and keys[0] in self._keys(series, 1):
            raise VetoError(SAME_NAMES)
        return series.teams[(key == keys[0]) != straight]


def _known_series(resolved: ResolvedRows, ids: RowIds, series: pd.DataFrame) -> list[_Series]:
    linked = resolved.linked
    name_of = {row.index: name for row, name in zip(linked.matches.rows, linked.series, strict=True)}
    name_of |= {index: linked.series[kept] for index, kept in resolved.merged.duplicates(maps=True).items()}
    maps = resolved.parsed[RowKind.MAP].rows
    match_ids: dict[int, set[MatchId]] = defaultdict(set)
    for index, rank, number in zip(maps.index, maps["source_rank"], maps["hltv_match_id"], strict=True):
        if number:
            match_ids[ids.series[name_of[index]]].add((int(rank), number))
    columns = (day_numbers(series["first_day"]).tolist(), day_numbers(series["last_day"]).tolist())
    return [
        _Series(number, first, last, (team1, team2), frozenset(match_ids[number]))
        for number, first, last, team1, team2 in zip(
            series["id"].tolist(), *columns, series["team1_id"].tolist(), series["team2_id"].tolist(), strict=True
        )
    ]


def _contradictions(steps: Sequence[_Step]) -> dict[int, str]:
    """Why steps of one series cannot be used, by index. Of several vetoes the closest one counts."""
    closest = min(step.publication for step in steps)
    own = [step for step in steps if step.publication == closest]
    reasons: dict[int, str] = {}
    for reason, key in ((STEP_TWICE, attrgetter("number")), (MAP_TWICE, attrgetter("map"))):
        remaining = [step for step in own if step.published_index not in reasons]
        contents: dict[int, set[object]] = defaultdict(set)
        for step in remaining:
            contents[key(step)].add(step.content)
        reasons |= {step.published_index: reason for step in remaining if len(contents[key(step)]) > 1}
    usable = {step.content for step in own if step.published_index not in reasons}
    others = (step for step in steps if step.publication != closest)
    return reasons | {step.published_index: OTHER_VETO for step in others if step.content not in usable}


def _frame(steps: Sequence[_Step]) -> pd.DataFrame:
    ordered = sorted(steps, key=lambda step: (step.series, step.number))
    return pd.DataFrame(
        {
            "series_id": np.array([step.series for step in ordered], dtype=np.int64),
            "step": np.array([step.number for step in ordered], dtype=np.int64),
            "team_id": pd.array([step.team for step in ordered], dtype="Int64"),
            "action": pd.Series([step.action for step in ordered], dtype=object),
            "map_id": np.array([step.map for step in ordered], dtype=np.int64),
            "published_index": np.array([step.published_index for step in ordered], dtype=np.int64),
        }
    )
