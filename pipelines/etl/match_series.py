"""Match series rows of one schedule group: to the maps of a series, and to duplicates of themselves."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipelines.etl.match_rows import MatchRow
from pipelines.etl.schedule import MAX_GAP_DAYS
from pipelines.etl.team_links import Identity

SHARED_PLAYERS = 8
"""Two rows that share at least this many of ten players are about the same two sides."""


@dataclass(frozen=True, slots=True)
class PlayedSeries:
    """A series known from its maps.

    Attributes:
        name: Natural key.
        first_day: Day number of the first map.
        last_day: Day number of the last map.
        pair: Both teams, sorted.
        players: Players of both sides; empty where unknown.
        winner: The team that won more maps, or None.
    """

    name: str
    first_day: int
    last_day: int
    pair: tuple[Identity, Identity]
    players: frozenset[Identity]
    winner: Identity | None

    @classmethod
    def from_maps(cls, name: str, maps: Sequence[MatchRow]) -> "PlayedSeries":
        """Combine the maps of one series."""
        won = Counter(row.winning_team for row in maps).most_common()
        return cls(
            name=name,
            first_day=min(row.day for row in maps),
            last_day=max(row.day for row in maps),
            pair=maps[0].pair,
            players=next((row.players for row in maps if all(row.rosters)), frozenset()),
            winner=won[0][0] if len(won) == 1 or won[0][1] > won[1][1] else None,
        )


def join_series_to_maps(rows: Mapping[int, MatchRow], played: Sequence[PlayedSeries]) -> dict[int, PlayedSeries]:
    """Pair series rows with series known from maps: the nearest day first, then the same winner, each at most once.

    The result depends on winners. Nothing that a forecast uses may depend on it.

    Args:
        rows: Series rows of one schedule group, by position.
        played: Series of the group that are known from maps.

    Returns:
        The played series by position of the series row.
    """
    candidates = []
    for position, row in rows.items():
        pair, players = row.pair, row.players
        for order, series in enumerate(played):
            same_players = bool(players) and players == series.players
            distance = max(series.first_day - row.day, row.day - series.last_day, 0)
            if distance <= MAX_GAP_DAYS and (pair == series.pair or same_players):
                other_winner = series.winner is not None and series.winner != row.winning_team
                candidates.append((distance, other_winner, not same_players, position, series.first_day, order))
    joined: dict[int, PlayedSeries] = {}
    taken: set[int] = set()
    for *_, position, _, order in sorted(candidates):
        if position not in joined and order not in taken:
            joined[position] = played[order]
            taken.add(order)
    return joined


def duplicate_series(rows: Mapping[int, MatchRow], joined: Collection[int]) -> dict[int, int]:
    """Find series rows without maps that repeat another row: same winner, eight shared players, a day apart at most.

    Args:
        rows: Series rows of one schedule group, by position.
        joined: Positions of the rows that have maps; none of them is a duplicate.

    Returns:
        Position of the original by position of the duplicate.
    """
    originals: dict[int, MatchRow] = {}
    duplicates: dict[int, int] = {}
    for position, row in sorted(rows.items(), key=lambda item: (item[0] not in joined, item[1].day, item[0])):
        original = next((place for place, other in originals.items() if _is_duplicate(row, other)), None)
        if original is None or position in joined:
            originals[position] = row
        else:
            duplicates[position] = original
    return duplicates


def _is_duplicate(row: MatchRow, other: MatchRow) -> bool:
    if abs(row.day - other.day) > MAX_GAP_DAYS or len(row.players & other.players) < SHARED_PLAYERS:
        return False
    same_winner = row.winning_team == other.winning_team
    return same_winner or len(row.winning_players & other.winning_players) >= SHARED_PLAYERS // 2
