"""Link rows of one series: maps to each other, and series rows to maps and to their duplicates."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.doubts import Doubt, SeriesMap, find_doubts, played_maps
from pipelines.etl.match_rows import IdentifiedRows
from pipelines.etl.match_series import PlayedSeries, duplicate_series, join_series_to_maps
from pipelines.etl.schedule import by_group


@dataclass(frozen=True, slots=True)
class LinkedRows:
    """Rows, and the series each belongs to.

    Attributes:
        matches: The rows.
        series: Natural key of the series of each row.
        duplicate_of: Position of the original, by position of a series row that repeats it.
        doubts: Why a map row was never played or is doubtful, or why the winner of a series row is, by position.
    """

    matches: IdentifiedRows
    series: list[str]
    duplicate_of: dict[int, int]
    doubts: dict[int, Doubt]

    def series_with_maps(self) -> set[str]:
        """Return the natural keys of the series that have maps."""
        return set(self.series[: self.matches.n_maps])


def link(
    matches: IdentifiedRows, maps: pd.DataFrame, series: pd.DataFrame, disputed: Collection[int] = ()
) -> LinkedRows:
    """Assign every row to a series.

    Maps belong together if they have the same match id, or without one the same day, teams and event. A series row
    joins a series of maps, else the row it duplicates, else it is a series of its own.

    Args:
        matches: The rows.
        maps: The map rows among them, typed.
        series: The series rows among them, typed.
        disputed: Positions of rows of which the sources name different winners.
    """
    keys = [*maps["row_key"], *series["row_key"]]
    match_keys, several = _match_keys(matches, maps)
    names = [""] * len(keys)
    duplicate_of: dict[int, int] = {}
    doubts = {place: Doubt(False, "the sources disagree on the winner") for place in disputed}
    facts = _facts_of_maps(matches, maps, match_keys, several, disputed)
    for group in by_group(matches.group).values():
        played = _played_series([position for position in group if position < matches.n_maps], match_keys, keys)
        for name, positions in played.items():
            doubts |= find_doubts([facts[position] for position in positions])
            for position in positions:
                names[position] = name
        series_rows = {position: matches.rows[position] for position in group if position >= matches.n_maps}
        if not series_rows:
            continue
        candidates = [
            PlayedSeries.from_maps(name, [matches.rows[place] for place in played_maps(members, doubts)])
            for name, members in played.items()
        ]
        joined = join_series_to_maps(series_rows, candidates)
        duplicates = duplicate_series(series_rows, joined)
        for position in series_rows:
            names[position] = joined[position].name if position in joined else "series:" + keys[position]
        for position, original in duplicates.items():
            names[position] = names[original]
        duplicate_of |= duplicates
    return LinkedRows(matches, names, duplicate_of, doubts)


def _match_keys(matches: IdentifiedRows, maps: pd.DataFrame) -> tuple[list[object], set[object]]:
    """What maps of one match have in common, for each map row; and the keys that may stand for several series.

    Without a match id, a number that repeats begins a further series of the same two teams on that day, and which of
    the other maps belong to it is unknown.
    """
    keys: list[object] = []
    seen: Counter[object] = Counter()
    several: set[object] = set()
    facts = zip(matches.rows[: matches.n_maps], maps["hltv_match_id"], maps["event"], maps["map_number"], strict=True)
    for row, match_id, event, number in facts:
        of_day = (row.day, row.pair, event)
        if match_id:
            keys.append(match_id)
        elif pd.isna(number):
            keys.append(of_day)
            several.add(of_day)
        else:
            seen[of_day, number] += 1
            keys.append((of_day, seen[of_day, number]))
            if seen[of_day, number] > 1:
                several.update((of_day, series) for series in range(1, seen[of_day, number] + 1))
    return keys, several


def _facts_of_maps(
    matches: IdentifiedRows,
    maps: pd.DataFrame,
    match_keys: list[object],
    several: set[object],
    disputed: Collection[int],
) -> list[SeriesMap]:
    """What :func:`find_doubts` reads, for each map row."""
    has_rounds = maps["score1"].notna() & maps["score2"].notna()
    is_flagged = maps["winner_conflict"] | maps["date_suspect"]
    columns = zip(maps["map"], maps["map_number"], maps["best_of"], has_rounds, is_flagged, match_keys, strict=True)
    return [
        SeriesMap(
            position=position,
            row=matches.rows[position],
            map=name,
            number=None if pd.isna(number) else int(number),
            best_of=None if pd.isna(best_of) else int(best_of),
            has_rounds=bool(rounds_known),
            is_flagged=bool(flagged) or position in disputed,
            is_alone=match_key not in several,
        )
        for position, (name, number, best_of, rounds_known, flagged, match_key) in enumerate(columns)
    ]


def _played_series(positions: list[int], match_keys: list[object], row_keys: list[str]) -> dict[str, list[int]]:
    """Positions of the maps of each series of one group, by the natural key of the series."""
    by_match: dict[object, list[int]] = defaultdict(list)
    for position in positions:
        by_match[match_keys[position]].append(position)
    return {"maps:" + min(row_keys[position] for position in members): members for members in by_match.values()}
