"""Link rows of one series: maps to each other, and series rows to maps and to their duplicates."""

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

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
    """

    matches: IdentifiedRows
    series: list[str]
    duplicate_of: dict[int, int]

    def series_with_maps(self) -> set[str]:
        """Return the natural keys of the series that have maps."""
        return set(self.series[: self.matches.n_maps])


def link(matches: IdentifiedRows, maps: pd.DataFrame, series: pd.DataFrame) -> LinkedRows:
    """Assign every row to a series.

    Maps belong together if they have the same match id, or without one the same day, teams and event. A series row
    joins a series of maps, else the row it duplicates, else it is a series of its own.

    Args:
        matches: The rows.
        maps: The map rows among them, typed.
        series: The series rows among them, typed.
    """
    keys = [*maps["row_key"], *series["row_key"]]
    match_keys = _match_keys(matches, maps)
    names = [""] * len(keys)
    duplicate_of: dict[int, int] = {}
    for group in by_group(matches.group).values():
        played = _played_series([position for position in group if position < matches.n_maps], match_keys, keys)
        for name, positions in played.items():
            for position in positions:
                names[position] = name
        series_rows = {position: matches.rows[position] for position in group if position >= matches.n_maps}
        if not series_rows:
            continue
        candidates = [
            PlayedSeries.from_maps(name, [matches.rows[i] for i in members]) for name, members in played.items()
        ]
        joined = join_series_to_maps(series_rows, candidates)
        duplicates = duplicate_series(series_rows, joined)
        for position in series_rows:
            names[position] = joined[position].name if position in joined else "series:" + keys[position]
        for position, original in duplicates.items():
            names[position] = names[original]
        duplicate_of |= duplicates
    return LinkedRows(matches, names, duplicate_of)


def _match_keys(matches: IdentifiedRows, maps: pd.DataFrame) -> list[object]:
    """What maps of one match have in common, for each map row."""
    return [
        match_id or (row.day, row.pair, event)
        for row, match_id, event in zip(
            matches.rows[: matches.n_maps], maps["hltv_match_id"], maps["event"], strict=True
        )
    ]


def _played_series(positions: list[int], match_keys: list[object], row_keys: list[str]) -> dict[str, list[int]]:
    """Positions of the maps of each series of one group, by the natural key of the series."""
    by_match: dict[object, list[int]] = defaultdict(list)
    for position in positions:
        by_match[match_keys[position]].append(position)
    return {"maps:" + min(row_keys[position] for position in members): members for members in by_match.values()}
