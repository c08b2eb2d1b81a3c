"""Merge rows of several sources: a match that two sources publish is kept once, as the source named first has it.

Has no effect when only one source is configured.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs2.forecasting.matches import IntArray
from pipelines.etl.complete_rows import Duplicate, complete
from pipelines.etl.decisions import Decision
from pipelines.etl.match_rows import IdentifiedRows, MatchRow, identify_rows, schedule
from pipelines.etl.match_series import SHARED_PLAYERS
from pipelines.etl.schedule import MAX_GAP_DAYS, by_group
from pipelines.etl.second_names import find_second_names


@dataclass(frozen=True)
class MergedRows:
    """Map and series rows without the duplicates of other sources.

    Attributes:
        maps: The map rows that are kept, with facts of their duplicates where they had none.
        series: The series rows that are kept, likewise.
        matches: The kept rows, with rosters of their duplicates where they had none.
        before: All rows, before duplicates were removed.
        kept_as: Position of the kept row among the kept rows, by position of its duplicate in ``before``.
        flipped: Duplicates that name the two teams in the other order.
        n_contradictions: Number of duplicates that name another winner.
        disputed: Positions of the kept rows that have such a duplicate.
    """

    maps: pd.DataFrame
    series: pd.DataFrame
    matches: IdentifiedRows
    before: IdentifiedRows
    kept_as: dict[int, int]
    flipped: frozenset[int]
    n_contradictions: int
    disputed: frozenset[int]

    def duplicates(self, *, maps: bool) -> dict[int, int]:
        """Return the position of the kept row by published index of each duplicate map, or series, row."""
        before = self.before
        return {
            before.rows[position].index: kept
            for position, kept in self.kept_as.items()
            if (position < before.n_maps) == maps
        }


def merge_sources(maps: pd.DataFrame, series: pd.DataFrame, decisions: Sequence[Decision] = ()) -> MergedRows:
    """Remove every row that a source named earlier publishes too, and complete the row that is kept.

    Args:
        maps: Typed map rows; ``source_rank`` is the precedence of their source, 0 first.
        series: Typed series rows, likewise.
        decisions: Decisions of operators about who is who, ordered by day.
    """
    rows, people = identify_rows(maps, series, decisions)
    before = schedule(rows, len(maps), people)
    ranks = [*maps["source_rank"], *series["source_rank"]]
    topics = [*maps["map"], *[""] * len(series)]
    days = np.array([row.day for row in rows], dtype=np.int64)
    original_of = _find_duplicates(before, ranks, topics) if len(set(ranks)) > 1 else {}
    once = _without(_Published(maps, series, (days, days), list(range(len(rows)))), rows, original_of)
    if original_of:  # rows of other sources that repeat a match must not affect who is who
        kept_rows, people = identify_rows(once.maps, once.series, decisions)
    else:
        kept_rows = rows
    second_names = find_second_names(schedule(kept_rows, len(once.maps), people), once.maps)
    kept = _without(once, kept_rows, second_names)
    removed = original_of | {once.positions[place]: once.positions[other] for place, other in second_names.items()}
    places = {position: place for place, position in enumerate(kept.positions)}
    duplicates = [Duplicate(position, other, rows[position], rows[other]) for position, other in removed.items()]
    completed = [kept_rows[place] for place in range(len(kept_rows)) if place not in second_names]
    for place, other in second_names.items():
        of_original = places[once.positions[other]]
        completed[of_original] = completed[of_original].with_rosters_of(kept_rows[place])
    return MergedRows(
        maps=kept.maps,
        series=kept.series,
        matches=schedule(completed, len(kept.maps), people, spans=kept.spans),
        before=before,
        kept_as={position: places[_root(position, removed)] for position in removed},
        flipped=frozenset(each.position for each in duplicates if each.is_flipped),
        n_contradictions=sum(not each.agrees for each in duplicates),
        disputed=frozenset(places[_root(each.position, removed)] for each in duplicates if not each.agrees),
    )


@dataclass(frozen=True, slots=True)
class _Published:
    """Map and series rows, first and last day on which any source dates each, and their positions among all rows."""

    maps: pd.DataFrame
    series: pd.DataFrame
    spans: tuple[IntArray, IntArray]
    positions: list[int]


def _without(published: _Published, rows: Sequence[MatchRow], original_of: dict[int, int]) -> _Published:
    """Remove duplicates, and complete the rows that they repeat."""
    if not original_of:
        return published
    n_maps = len(published.maps)
    duplicates = [Duplicate(place, kept, rows[place], rows[kept]) for place, kept in original_of.items()]
    first, last = (days.copy() for days in published.spans)
    for duplicate in duplicates:
        first[duplicate.kept] = min(first[duplicate.kept], first[duplicate.position])
        last[duplicate.kept] = max(last[duplicate.kept], last[duplicate.position])
    maps = complete(
        _with_match_of_original(published.maps, original_of), [each for each in duplicates if each.kept < n_maps]
    )
    series = complete(published.series, [each for each in duplicates if each.kept >= n_maps], offset=n_maps)
    kept = [place for place in range(len(rows)) if place not in original_of]
    return _Published(
        maps.iloc[[place for place in kept if place < n_maps]],
        series.iloc[[place - n_maps for place in kept if place >= n_maps]],
        (first[kept], last[kept]),
        [published.positions[place] for place in kept],
    )


def _root(position: int, original_of: dict[int, int]) -> int:
    while position in original_of:
        position = original_of[position]
    return position


def unique_standings(standings: pd.DataFrame) -> pd.DataFrame:
    """Keep the standings of each roster and day from the first source that publishes them."""
    earliest = standings.groupby(["date", "roster"])["source_rank"].transform("min")
    return standings[standings["source_rank"] == earliest]


def _find_duplicates(matches: IdentifiedRows, ranks: Sequence[int], topics: Sequence[str]) -> dict[int, int]:
    """Position of the original by position of its duplicate; only rows of one kind and topic (map) are compared."""
    original_of: dict[int, int] = {}
    for group in by_group(matches.group).values():
        if len({ranks[position] for position in group}) < 2:
            continue
        comparable: dict[tuple[bool, str], list[int]] = defaultdict(list)
        for position in group:
            comparable[position < matches.n_maps, topics[position]].append(position)
        for positions in comparable.values():
            originals: list[int] = []
            for rank in sorted({ranks[position] for position in positions}):
                of_source = {position: matches.rows[position] for position in positions if ranks[position] == rank}
                pairs = match_duplicates(of_source, {position: matches.rows[position] for position in originals})
                original_of |= pairs
                originals += [position for position in of_source if position not in pairs]
    return original_of


def match_duplicates(rows: dict[int, MatchRow], originals: dict[int, MatchRow]) -> dict[int, int]:
    """Pair rows of one source with rows of earlier sources, one to one, the nearest day first.

    Args:
        rows: Rows of one source, by position.
        originals: Comparable rows of the sources before it, by position.

    Returns:
        Position of the original by position of its duplicate.
    """
    candidates = []
    for position, row in rows.items():
        for place, original in originals.items():
            distance = abs(row.day - original.day)
            contradicts = not row.agrees_with(original)
            # Rows of one day are one match, even with different winners. A day apart they may be two matches.
            is_near = distance <= MAX_GAP_DAYS and not (distance and contradicts)
            if is_near and _same_sides(row, original):
                candidates.append((distance, contradicts, position, place))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, position, place in sorted(candidates):
        if position not in pairs and place not in taken:
            pairs[position] = place
            taken.add(place)
    return pairs


def _same_sides(row: MatchRow, other: MatchRow) -> bool:
    return row.pair == other.pair or len(row.players & other.players) >= SHARED_PLAYERS


def _with_match_of_original(maps: pd.DataFrame, original_of: dict[int, int]) -> pd.DataFrame:
    """Give maps of a match that an earlier source has in part the match id and event of that source."""
    ranks = maps["source_rank"].tolist()
    facts = list(zip(maps["source_rank"], maps["hltv_match_id"], maps["event"], strict=True))
    matches = {
        facts[position][:2]: facts[kept]
        for position, kept in original_of.items()
        if position < len(maps) and facts[position][1] and ranks[kept] < ranks[position]
    }
    for position, fact in enumerate(facts):
        original = fact
        while original[:2] in matches:  # ends: the rank decreases with every step
            original = matches[original[:2]]
        facts[position] = original
    return maps.assign(hltv_match_id=[match for _, match, _ in facts], event=[event for *_, event in facts])
