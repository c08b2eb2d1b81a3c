"""Several sources: which of their rows tell of one map or one series. The source that is named first is believed.

Nothing here does anything to the rows of one source alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cs2.forecasting.matches import IntArray
from pipelines.etl.identify import Identity
from pipelines.etl.link import Roster, Rows
from pipelines.etl.schedule import MAX_GAP_DAYS, SHARED_NICKNAMES, by_group

Alias = tuple[str, int]
"""A spelling, and the number of its bearer."""

PAIRED = ("players", "rank", "points")
"""Facts of either side that a row takes from a row of another source where it has none."""

SINGLE = ("event", "lan", "start_time", "best_of", "map_number")
"""The other facts of that sort; the rounds go together."""


@dataclass(frozen=True, slots=True)
class MergedRows:
    """Rows without those that a source named earlier tells, too.

    Attributes:
        maps: The map rows that are left, with facts of the others where they had none.
        series: The series rows that are left, likewise.
        spans: First and last day number on which any source has the row, each of shape (n_left,).
        told: All rows, as they were compared.
        again: For each row that was left out: its position in ``told``, and that of the kept row among those left.
        flipped: Those of them that have the teams the other way round.
        n_disagree: How many of them name another winner than the kept row.
    """

    maps: pd.DataFrame
    series: pd.DataFrame
    spans: tuple[IntArray, IntArray]
    told: Rows
    again: dict[int, int]
    flipped: frozenset[int]
    n_disagree: int

    def again_of(self, *, maps: bool) -> dict[int, int]:
        """Index of the published row, and position of the kept row among those left."""
        n = self.told.n_maps
        return {self.told.index[row]: kept for row, kept in self.again.items() if (row < n) == maps}


def merge(rows: Rows, maps: pd.DataFrame, series: pd.DataFrame) -> MergedRows:
    """Leave out what an earlier source tells, too.

    Args:
        rows: All rows.
        maps: The map rows among them, with ``source_rank``.
        series: The series rows among them, with ``source_rank``.
    """
    ranks = [*maps["source_rank"], *series["source_rank"]]
    first, last = rows.day.copy(), rows.day.copy()
    again = _told_again(rows, ranks, [*maps["map"], *[""] * len(series)]) if len(set(ranks)) > 1 else {}
    flipped = frozenset(row for row, kept in again.items() if _flipped(rows, row, kept))
    facts = {True: _Facts(_with_match_of(maps, again)), False: _Facts(series)}
    for row, kept in again.items():
        is_map = kept < rows.n_maps
        start = 0 if is_map else rows.n_maps
        theirs = rows.rosters[row][::-1] if row in flipped else rows.rosters[row]
        lacking = tuple(
            mine is None and their is not None for mine, their in zip(rows.rosters[kept], theirs, strict=True)
        )
        agree = not _disagree(rows, row, kept)
        facts[is_map].fill(kept - start, row - start, row in flipped, lacking, agree=agree)
        first[kept], last[kept] = min(first[kept], rows.day[row]), max(last[kept], rows.day[row])
    left = [row for row in range(len(ranks)) if row not in again]
    places = {row: place for place, row in enumerate(left)}
    return MergedRows(
        maps=facts[True].frame().iloc[[row for row in left if row < rows.n_maps]],
        series=facts[False].frame().iloc[[row - rows.n_maps for row in left if row >= rows.n_maps]],
        spans=(first[left], last[left]),
        told=rows,
        again={row: places[kept] for row, kept in again.items()},
        flipped=flipped,
        n_disagree=sum(_disagree(rows, row, kept) for row, kept in again.items()),
    )


def mentions_of_teams(
    merged: MergedRows, rows: Rows, maps: pd.DataFrame, series: pd.DataFrame, known: Collection[Alias]
) -> Iterator[tuple[Identity, Alias]]:
    """Spellings of teams that only rows have that were left out: they are other names of the teams of the kept rows.

    Args:
        merged: What was left out.
        rows: The rows that are left.
        maps: All map rows.
        series: All series rows.
        known: Aliases that the rows that are left have.
    """
    told = set(known)
    spelled = [[*maps[side], *series[side]] for side in ("team1", "team2")]
    for row, kept in merged.again.items():
        teams = rows.teams[kept][::-1] if row in merged.flipped else rows.teams[kept]
        for side, team in enumerate(teams):
            alias = (spelled[side][row], merged.told.named[row][side][1])
            if alias not in told:
                told.add(alias)
                yield team, alias


def standings_told_once(standings: pd.DataFrame) -> pd.DataFrame:
    """Rows of standings without those of a roster and day that a source named earlier tells, too."""
    earliest = standings.groupby(["date", "roster"])["source_rank"].transform("min")
    return standings[standings["source_rank"] == earliest]


def _told_again(rows: Rows, ranks: Sequence[int], about: Sequence[str]) -> dict[int, int]:
    """Row of an earlier source by row of a later one: each has one partner a source at most, the nearest day first."""
    again: dict[int, int] = {}
    for group in by_group(rows.group).values():
        if len({ranks[row] for row in group}) < 2:
            continue
        alike: dict[tuple[bool, str], list[int]] = defaultdict(list)
        for row in group:
            alike[row < rows.n_maps, about[row]].append(row)
        for members in alike.values():
            kept: list[int] = []
            for rank in sorted({ranks[row] for row in members}):
                mine = [row for row in members if ranks[row] == rank]
                found = _partners(rows, mine, kept)
                again |= found
                kept += [row for row in mine if row not in found]
    return again


def _partners(rows: Rows, mine: Iterable[int], kept: Sequence[int]) -> dict[int, int]:
    candidates = []
    for row in mine:
        for other in kept:
            distance = abs(int(rows.day[row]) - int(rows.day[other]))
            disagree = _disagree(rows, row, other)
            # On one day it is one match, told differently. A day apart it may be another one: it must end alike.
            if distance <= MAX_GAP_DAYS and not (distance and disagree) and _same_sides(rows, row, other):
                candidates.append((distance, disagree, row, other))
    found: dict[int, int] = {}
    for _, _, row, other in sorted(candidates):
        if row not in found and other not in found.values():
            found[row] = other
    return found


def _same_sides(rows: Rows, row: int, other: int) -> bool:
    if set(rows.teams[row]) == set(rows.teams[other]):
        return True
    return len(_players(rows.rosters[row]) & _players(rows.rosters[other])) >= SHARED_NICKNAMES


def _players(pair: tuple[Roster | None, Roster | None]) -> set[Any]:
    return {player for roster in pair for player in roster or ()}


def _flipped(rows: Rows, row: int, other: int) -> bool:
    """Whether the first team of one row is the second of the other; lineups tell where no name agrees."""
    (one, two), (first, second) = rows.teams[row], rows.teams[other]
    if {one, two} & {first, second}:
        return one == second or two == first
    ours = set(rows.rosters[row][0] or ())
    shared = [len(ours & set(roster or ())) for roster in rows.rosters[other]]
    return shared[1] > shared[0]


def _disagree(rows: Rows, row: int, other: int) -> bool:
    winner = 3 - rows.winners[row] if _flipped(rows, row, other) else rows.winners[row]
    return winner != rows.winners[other]


def _with_match_of(maps: pd.DataFrame, again: dict[int, int]) -> pd.DataFrame:
    """Maps of a match that an earlier source has in part belong to the match as that source tells it."""
    facts = list(zip(maps["source_rank"], maps["hltv_match_id"], maps["event"], strict=True))
    told = {facts[row][:2]: facts[kept] for row, kept in again.items() if row < len(maps) and facts[row][1]}
    for place, fact in enumerate(facts):
        while fact[:2] in told:  # ranks become smaller
            fact = told[fact[:2]]  # noqa: PLW2901
        facts[place] = fact
    return maps.assign(hltv_match_id=[match for _, match, _ in facts], event=[event for *_, event in facts])


class _Facts:
    """Columns of a frame of typed rows, to be filled in place."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        sides = [f"team{side}_{fact}" for side in (1, 2) for fact in PAIRED]
        names = [*SINGLE, *sides, "score1", "score2", "score_exact"]
        self._columns = {name: frame[name].tolist() for name in names if name in frame}

    def fill(self, kept: int, row: int, flipped: bool, lineups: tuple[bool, ...], *, agree: bool) -> None:
        """Give a kept row the facts that it lacks.

        Args:
            kept: Its position.
            row: Position of the row that has them.
            flipped: Whether that row has the teams the other way round.
            lineups: Whether the lineup of either side is taken from it.
            agree: Whether both say the same of who won: otherwise the rounds are not taken.
        """
        for name in SINGLE:
            self._take(name, kept, name, row)
        for side, lineup in zip((1, 2), lineups, strict=True):
            there = 3 - side if flipped else side
            if lineup:
                self._columns[f"team{side}_players"][kept] = self._columns[f"team{there}_players"][row]
            for fact in ("rank", "points"):
                self._take(f"team{side}_{fact}", kept, f"team{there}_{fact}", row)
        rounds = [self._columns[name][kept] for name in ("score1", "score2") if name in self._columns]
        if rounds and agree and all(map(_unknown, rounds)):
            for side in (1, 2):
                self._take(f"score{side}", kept, f"score{3 - side if flipped else side}", row)
            self._columns["score_exact"][kept] = self._columns["score_exact"][row]

    def _take(self, name: str, kept: int, there: str, row: int) -> None:
        column = self._columns.get(name)
        if column is not None and _unknown(column[kept]):
            column[kept] = self._columns[there][row]

    def frame(self) -> pd.DataFrame:
        """The frame with what was filled in."""
        dtypes = self._frame.dtypes
        return self._frame.assign(
            **{name: pd.array(values, dtype=dtypes[name]) for name, values in self._columns.items()}
        )


def _unknown(value: Any) -> bool:
    return bool(pd.isna(value)) or value == ""
