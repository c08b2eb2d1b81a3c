"""Map rows that contradict the other maps of their series: never played, or doubtful.

The rules read the earlier maps of the same series, results included. No forecast depends on them, because only
ratings, training and scores leave such rows out. They do not read who published a row.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from pipelines.etl.match_rows import MatchRow
from pipelines.etl.team_links import Identity


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a map row is not used.

    Attributes:
        never_played: Whether the map cannot have been played; else it is doubtful.
        reason: The contradiction, in words.
    """

    never_played: bool
    reason: str


@dataclass(frozen=True, slots=True)
class SeriesMap:
    """A map row of a series.

    Attributes:
        position: Position of the row.
        row: The row.
        map: Name of the map of the game.
        number: Number of the map in its series; None if unknown.
        best_of: Best-of of the series as the row has it; None if unknown.
        has_rounds: Whether its rounds are published.
        is_flagged: Whether the sources doubt its winner or day, so that it decides nothing.
        is_alone: Whether the rows tell this series from another one of the same two teams on that day.
    """

    position: int
    row: MatchRow
    map: str
    number: int | None
    best_of: int | None
    has_rounds: bool
    is_flagged: bool
    is_alone: bool


def find_doubts(maps: list[SeriesMap]) -> dict[int, Doubt]:
    """Find the maps of one series that cannot have been played, or may not have been.

    A map with rounds was played, so that the contradiction lies in another row, too: it is only doubtful.

    Args:
        maps: The maps of one series, in any order.

    Returns:
        The doubt by position of the row.
    """
    if not all(each.is_alone for each in maps):
        return {}
    doubts = dict(_with_two_winners(maps))
    best_of = max((each.best_of for each in maps if each.best_of), default=None)
    if best_of is None:
        return doubts
    single = [each for each in maps if each.position not in doubts]
    if all(each.number is not None for each in maps):
        contradictions = _after_the_decision(sorted(single, key=lambda each: (each.number, each.position)), best_of)
    else:
        contradictions = chain(_without_rounds(single, best_of), _too_many(single, best_of))
    for each, reason in contradictions:
        doubts.setdefault(each.position, Doubt(not each.has_rounds, reason))
    return doubts


def _with_two_winners(maps: list[SeriesMap]) -> Iterator[tuple[int, Doubt]]:
    """Yield rows of one map of the series that name different winners: which of them is right is unknown."""
    rows_of_map: dict[str, list[SeriesMap]] = defaultdict(list)
    for each in maps:
        rows_of_map[each.map].append(each)
    for name, rows in rows_of_map.items():
        numbers = {each.number for each in rows} - {None}
        if len(numbers) <= 1 and len({each.row.winning_team for each in rows}) > 1:
            for each in rows:
                yield each.position, Doubt(False, f"two rows of {name} in this series name different winners")


def _after_the_decision(maps: list[SeriesMap], best_of: int) -> Iterator[tuple[SeriesMap, str]]:
    """Yield maps that are numbered after the decisive one. A second row of one number repeats the map."""
    wins: Counter[Identity] = Counter()
    seen: set[int | None] = set()
    for each in maps:
        if each.number in seen:
            continue
        if _is_decided(wins, best_of):
            yield each, f"map {each.number} of a best-of-{best_of} that was decided {_score(wins)}"
        elif each.number is not None and each.number > best_of:
            yield each, f"map {each.number} of a best-of-{best_of}"
        elif not each.is_flagged:
            seen.add(each.number)
            wins[each.row.winning_team] += 1


def _without_rounds(maps: list[SeriesMap], best_of: int) -> Iterator[tuple[SeriesMap, str]]:
    """Yield maps without rounds where those with rounds decide the series."""
    wins = Counter(each.row.winning_team for each in maps if each.has_rounds and not each.is_flagged)
    if _is_decided(wins, best_of):
        for each in maps:
            if not each.has_rounds:
                yield each, f"no rounds, and the maps with rounds decide the best-of-{best_of} {_score(wins)}"


def _too_many(maps: list[SeriesMap], best_of: int) -> Iterator[tuple[SeriesMap, str]]:
    """Yield all maps with rounds of a series that has too many of them: which one does not belong is unknown."""
    played = {each.map: each for each in maps if each.has_rounds and not each.is_flagged}
    wins = Counter(each.row.winning_team for each in played.values())
    needed = best_of // 2 + 1 if best_of % 2 else best_of
    if len(played) > best_of or max(wins.values(), default=0) > needed:
        for each in maps:
            if each.has_rounds:
                yield each, f"the best-of-{best_of} has {len(played)} maps and ended {_score(wins)}"


def _is_decided(wins: Counter[Identity], best_of: int) -> bool:
    """Whether one side has won; a best-of-2 is never decided early."""
    return best_of % 2 == 1 and max(wins.values(), default=0) > best_of // 2


def _score(wins: Counter[Identity]) -> str:
    counts = [count for _, count in wins.most_common(2)]
    return ":".join(map(str, [*counts, 0][:2]))


def played_maps(positions: Iterable[int], doubts: dict[int, Doubt]) -> list[int]:
    """Return the positions of the maps that were played."""
    return [position for position in positions if position not in doubts or not doubts[position].never_played]
