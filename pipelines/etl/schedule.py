"""Which rows belong together: the schedule of a pair of teams, copies of a series, a series and its maps."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cs2.forecasting.matches import IntArray

MAX_GAP_DAYS = 1
SHARED_NICKNAMES = 8
"""So many of ten shared players make two series rows copies of one."""


def schedule_groups(days: IntArray, *keys: pd.Series) -> IntArray:
    """Label rows that are linked by an equal key at most one day apart, directly or through others.

    Results are no part of it: when something is forecast and learned follows from who plays when.

    Args:
        days: Day number, shape (n,).
        keys: One or more keys of each row (missing: the key links nothing), each of shape (n,).

    Returns:
        Labels, shape (n,).
    """
    heads, tails = [], []
    for key in keys:
        codes = pd.factorize(key)[0]
        known = np.flatnonzero(codes >= 0)
        order = known[np.lexsort((days[known], codes[known]))]
        linked = (codes[order][1:] == codes[order][:-1]) & (np.diff(days[order]) <= MAX_GAP_DAYS)
        heads.append(order[:-1][linked])
        tails.append(order[1:][linked])
    head, tail = np.concatenate(heads), np.concatenate(tails)
    graph = coo_array((np.ones(len(head)), (head, tail)), shape=(len(days), len(days)))
    labels: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A published series, as far as matching looks at it.

    Attributes:
        index: Of the published row.
        day: Day number.
        teams: Both teams, sorted.
        players: Players of both sides; empty where unknown.
        winner: The winning team.
        winners_players: Its players; empty where unknown.
    """

    index: int
    day: int
    teams: tuple[object, object]
    players: frozenset[object]
    winner: object
    winners_players: frozenset[object]


def copies(rows: list[SeriesRow], joined: Collection[int]) -> dict[int, int]:
    """Series rows without maps that repeat another row of their group: same winner, eight shared players, a day apart.

    Args:
        rows: Series rows of one schedule group.
        joined: Indexes of those that have maps: never a copy themselves.

    Returns:
        Index of the kept row by index of the copy.
    """
    kept: list[SeriesRow] = []
    merged: dict[int, int] = {}
    for row in sorted(rows, key=lambda row: (row.index not in joined, row.day, row.index)):
        original = next((other for other in kept if _is_copy(row, other)), None)
        if original is None or row.index in joined:
            kept.append(row)
        else:
            merged[row.index] = original.index
    return merged


def _is_copy(row: SeriesRow, other: SeriesRow) -> bool:
    if abs(row.day - other.day) > MAX_GAP_DAYS or len(row.players & other.players) < SHARED_NICKNAMES:
        return False
    return row.winner == other.winner or len(row.winners_players & other.winners_players) >= SHARED_NICKNAMES // 2


@dataclass(frozen=True, slots=True)
class PlayedSeries:
    """Maps of one series.

    Attributes:
        key: What tells the series apart.
        days: First and last day number.
        teams: Both teams, sorted.
        players: Players of both sides; empty where unknown.
        winner: The team with more maps, or None.
    """

    key: object
    days: tuple[int, int]
    teams: tuple[object, object]
    players: frozenset[object]
    winner: object


def join_series_to_maps(rows: list[SeriesRow], played: list[PlayedSeries]) -> dict[int, object]:
    """Pair series rows with series known from maps: each at most once, the nearest day first, then the same winner.

    It follows from results: nothing that is asked about a row may follow from it.

    Returns:
        Key of the played series by index of the series row.
    """
    candidates = []
    for row in rows:
        for series in played:
            same_players = bool(row.players) and row.players == series.players
            distance = max(series.days[0] - row.day, row.day - series.days[1], 0)
            if distance <= MAX_GAP_DAYS and (row.teams == series.teams or same_players):
                other_winner = series.winner is not None and series.winner != row.winner
                candidates.append((distance, other_winner, not same_players, row.index, series.days[0], series.key))
    joined: dict[int, object] = {}
    taken: set[object] = set()
    for candidate in sorted(candidates, key=lambda candidate: candidate[:5]):
        index, key = candidate[3], candidate[5]
        if index not in joined and key not in taken:
            joined[index] = key
            taken.add(key)
    return joined


def by_group(labels: IntArray) -> dict[int, list[int]]:
    """Positions of the rows of each group."""
    groups: dict[int, list[int]] = defaultdict(list)
    for position, label in enumerate(labels.tolist()):
        groups[label].append(position)
    return groups
