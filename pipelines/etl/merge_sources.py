"""Merge rows of several sources: a match that two sources publish is kept once, as the source named first has it.

Has no effect when only one source is configured.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cs2.forecasting.matches import BoolArray, IntArray
from pipelines.etl.match_rows import IdentifiedRows, MatchRow, identify_rows
from pipelines.etl.match_series import SHARED_PLAYERS
from pipelines.etl.schedule import MAX_GAP_DAYS, by_group

SINGLE_FACTS = ("event", "lan", "start_time", "best_of", "map_number")
"""Facts of a match that a row without them takes from its duplicate."""

SIDE_FACTS = ("players", "rank", "points")
"""Facts of either side, likewise."""

TEXT_FACTS = ("event", "lan", "start_time", "players")
"""Endings of the columns that are text, where empty means unknown."""

ROUNDS = ["score1", "score2"]


@dataclass(frozen=True)
class MergedRows:
    """Map and series rows without the duplicates of other sources.

    Attributes:
        maps: The map rows that are kept, with facts of their duplicates where they had none.
        series: The series rows that are kept, likewise.
        spans: First and last day number on which any source dates the row, each of shape (n_kept,).
        before: All rows, before duplicates were removed.
        kept_as: Position of the kept row among the kept rows, by position of its duplicate in ``before``.
        flipped: Duplicates that name the two teams in the other order.
        n_contradictions: Number of duplicates that name another winner.
    """

    maps: pd.DataFrame
    series: pd.DataFrame
    spans: tuple[IntArray, IntArray]
    before: IdentifiedRows
    kept_as: dict[int, int]
    flipped: frozenset[int]
    n_contradictions: int

    @cached_property
    def matches(self) -> IdentifiedRows:
        """The kept rows; identities are resolved again, so that removed rows do not affect those of other rows."""
        return identify_rows(self.maps, self.series, spans=self.spans) if self.kept_as else self.before

    def duplicates(self, *, maps: bool) -> dict[int, int]:
        """Return the position of the kept row by published index of each duplicate map, or series, row."""
        before = self.before
        return {
            before.rows[position].index: kept
            for position, kept in self.kept_as.items()
            if (position < before.n_maps) == maps
        }


def merge_sources(maps: pd.DataFrame, series: pd.DataFrame) -> MergedRows:
    """Remove every row that a source named earlier publishes too, and complete the row that is kept.

    Args:
        maps: Typed map rows; ``source_rank`` is the precedence of their source, 0 first.
        series: Typed series rows, likewise.
    """
    before = identify_rows(maps, series)
    n_maps, rows = before.n_maps, before.rows
    ranks = [*maps["source_rank"], *series["source_rank"]]
    topics = [*maps["map"], *[""] * len(series)]
    original_of = _find_duplicates(before, ranks, topics) if len(set(ranks)) > 1 else {}
    duplicates = [Duplicate(position, kept, rows[position], rows[kept]) for position, kept in original_of.items()]
    first = np.array([row.day for row in rows], dtype=np.int64)
    last = first.copy()
    for duplicate in duplicates:
        first[duplicate.kept] = min(first[duplicate.kept], duplicate.row.day)
        last[duplicate.kept] = max(last[duplicate.kept], duplicate.row.day)
    maps = complete(_with_match_of_original(maps, original_of), [each for each in duplicates if each.kept < n_maps])
    series = complete(series, [each for each in duplicates if each.kept >= n_maps], offset=n_maps)
    kept_rows = [position for position in range(len(rows)) if position not in original_of]
    places = {position: place for place, position in enumerate(kept_rows)}
    return MergedRows(
        maps=maps.iloc[[position for position in kept_rows if position < n_maps]],
        series=series.iloc[[position - n_maps for position in kept_rows if position >= n_maps]],
        spans=(first[kept_rows], last[kept_rows]),
        before=before,
        kept_as={position: places[kept] for position, kept in original_of.items()},
        flipped=frozenset(each.position for each in duplicates if each.is_flipped),
        n_contradictions=sum(not each.agrees for each in duplicates),
    )


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
    facts = list(zip(maps["source_rank"], maps["hltv_match_id"], maps["event"], strict=True))
    matches = {
        facts[position][:2]: facts[kept]
        for position, kept in original_of.items()
        if position < len(maps) and facts[position][1]
    }
    for position, fact in enumerate(facts):
        original = fact
        while original[:2] in matches:  # ends: the rank decreases with every step
            original = matches[original[:2]]
        facts[position] = original
    return maps.assign(hltv_match_id=[match for _, match, _ in facts], event=[event for *_, event in facts])


@dataclass(frozen=True)
class Duplicate:
    """A row that repeats a row of an earlier source.

    Attributes:
        position: Position of the row.
        kept: Position of the row it repeats.
        row: The row.
        original: The row it repeats.
    """

    position: int
    kept: int
    row: MatchRow
    original: MatchRow

    @cached_property
    def is_flipped(self) -> bool:
        """Whether it names the two teams in the other order."""
        return self.row.is_flipped(self.original)

    @cached_property
    def agrees(self) -> bool:
        """Whether both name the same winner."""
        return self.row.agrees_with(self.original)

    def adds_lineup(self, side: int) -> bool:
        """Whether it has the lineup of a side (0 or 1, as in the original) that the original lacks."""
        rosters = self.row.rosters[::-1] if self.is_flipped else self.row.rosters
        return self.original.rosters[side] is None and rosters[side] is not None


def complete(frame: pd.DataFrame, duplicates: list[Duplicate], *, offset: int = 0) -> pd.DataFrame:
    """Fill the facts that kept rows lack with those of their duplicates.

    A lineup replaces one that is unusable. Rounds are filled together, and only from a row with the same winner.

    Args:
        frame: Typed rows.
        duplicates: Their duplicates; the positions in ``frame`` follow after subtracting ``offset``.
        offset: Position of the first row of ``frame``.
    """
    remaining = list(duplicates)
    while remaining:  # one duplicate of each row at a time: one round for each further source
        batch = list({each.kept: each for each in reversed(remaining)}.values())
        frame = _complete_once(frame, batch, offset)
        chosen = {each.position for each in batch}
        remaining = [each for each in remaining if each.position not in chosen]
    return frame


def _complete_once(frame: pd.DataFrame, duplicates: list[Duplicate], offset: int) -> pd.DataFrame:
    places, donor_places = ([place - offset for place in each] for each in _positions(duplicates))
    kept, donors = _facts(frame.iloc[places]), _facts(frame.iloc[donor_places])
    donors = _flip(donors, np.array([each.is_flipped for each in duplicates])).set_axis(kept.index)
    for side, column in enumerate(("team1_players", "team2_players")):
        adds = np.array([each.adds_lineup(side) for each in duplicates])
        kept[column] = kept[column].mask(adds)
        donors[column] = donors[column].where(adds)
    result = frame.copy()
    if set(ROUNDS) <= set(frame.columns):
        agrees = np.array([each.agrees for each in duplicates])
        fills = kept[ROUNDS].isna().all(axis=1).to_numpy(dtype=bool) & agrees
        donors.loc[~fills, ROUNDS] = pd.NA
        exact = frame["score_exact"].to_numpy(copy=True)
        exact[np.array(places)[fills]] = exact[np.array(donor_places)[fills]]
        result["score_exact"] = exact
    filled = kept.combine_first(donors)
    for name in map(str, kept):
        values = filled[name].fillna("") if name.endswith(TEXT_FACTS) else filled[name]
        result.loc[kept.index, name] = values.astype(frame[name].dtype)
    return result


def _positions(duplicates: list[Duplicate]) -> tuple[list[int], list[int]]:
    return [each.kept for each in duplicates], [each.position for each in duplicates]


def _facts(frame: pd.DataFrame) -> pd.DataFrame:
    """The facts that can be filled, missing instead of empty."""
    sides = [f"team{side}_{fact}" for side in (1, 2) for fact in SIDE_FACTS]
    facts = frame[[name for name in (*SINGLE_FACTS, *sides, *ROUNDS) if name in frame]]
    return facts.assign(
        **{name: facts[name].mask(facts[name] == "") for name in map(str, facts) if name.endswith(TEXT_FACTS)}
    )


def _flip(facts: pd.DataFrame, is_flipped: BoolArray) -> pd.DataFrame:
    """Exchange the two sides of some rows."""
    other = {name: name.translate(str.maketrans("12", "21")) for name in map(str, facts)}
    flipped = facts[is_flipped].rename(columns=other)[facts.columns]
    return pd.concat([facts[~is_flipped], flipped]).loc[facts.index]
