"""Columns with numbers, by kind of row, and the values that they take."""

from pipelines.sources.base import RowKind

INTEGERS = {
    RowKind.MAP: ("winner", "score1", "score2", "best_of", "map_number", "team1_rank", "team2_rank"),
    RowKind.SERIES: ("winner", "best_of", "team1_rank", "team2_rank", "number_on_day"),
    RowKind.FIXTURE: ("best_of",),
    RowKind.IDENTITY: (),
    RowKind.STANDING: ("rank",),
    RowKind.PLAYER_MAP: ("kills", "deaths", "map_no"),
    RowKind.LINEUP: (),
    RowKind.VETO: ("step",),
}
NUMBERS = {
    RowKind.MAP: ("team1_points", "team2_points"),
    RowKind.SERIES: ("team1_points", "team2_points"),
    RowKind.STANDING: ("points", "starting_points"),
    RowKind.PLAYER_MAP: ("adr", "kast", "rating"),
    RowKind.FIXTURE: (),
    RowKind.IDENTITY: (),
    RowKind.LINEUP: (),
    RowKind.VETO: (),
}
RANGES: dict[str, tuple[float, float]] = {
    "map_number": (1, 15),
    "step": (1, 15),
    "rank": (1, 100_000),
    "team1_rank": (1, 100_000),
    "team2_rank": (1, 100_000),
    "points": (-1e6, 1e6),
    "starting_points": (-1e6, 1e6),
    "team1_points": (-1e6, 1e6),
    "team2_points": (-1e6, 1e6),
    "kills": (0, 300),
    "deaths": (0, 300),
    "adr": (0, 1_000),
    "kast": (0, 100),
    "rating": (-100, 100),
}
"""Smallest and largest value of the columns with numbers."""


def range_mark(column: str) -> str:
    """Name of the column that says whether a number is in its range."""
    return f"{column}_is_in_range"


def clear_mark(column: str) -> str:
    """Name of the column that says whether the text of a number has one meaning."""
    return f"{column}_is_clear"


def out_of_range(column: str) -> str:
    """Return the reason of a rejection: which values a column takes."""
    low, high = RANGES[column]
    return f"{column} is not from {low:,.0f} to {high:,.0f}"
