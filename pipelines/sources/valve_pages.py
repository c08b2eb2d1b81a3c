"""Parser of the pages of Valve's standings. A page has one roster, its standing and its series. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from pipelines.sources.base import SourceError

FOLDER = re.compile(r"(?:^|/)details/(\d{4})_(\d\d)_(\d\d)$")
"""Path of the folder of the pages of one standings, which contains their day."""

_COLUMNS = ("Match ID", "Date", "Opponent", "W/L", "Roster")
"""Columns that are read. ``LAN Wins`` is not: only a roster's ten best wins have it, so it reveals the winner."""

_FIELDS = {
    "Team Name": re.compile(r"^Team Name: *(.*?) *(?:<br ?/?>)?$", re.MULTILINE),
    "Roster": re.compile(r"^Roster: *(.*?) *(?:<br ?/?>)?$", re.MULTILINE),
    "Global Rank": re.compile(r"^Global Rank: *\[?(\d+)", re.MULTILINE),
    "Final Rank Value": re.compile(r"^Final Rank Value: *(\d+(?:\.\d+)?)", re.MULTILINE),
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_STARTING = re.compile(r"Starting Rank Value \((\d+(?:\.\d+)?)\)")
_REGION = re.compile(r"^Region: *\[?([^\]<(\n]+)", re.MULTILINE)


class SeriesSide(NamedTuple):
    """One roster's side of a series.

    Attributes:
        match_id: Number of the series within these standings; the newest series has the lowest.
        day: Day of play, ISO.
        team: Name of the roster on the day of the standings.
        opponent: Name of the other roster.
        won: Whether the roster won.
        lineup: The five who played, in the order of the page.
    """

    match_id: int
    day: str
    team: str
    opponent: str
    won: bool
    lineup: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RosterPage:
    """One parsed page.

    Attributes:
        team: Name of the roster's team.
        roster: Up to five players.
        rank: Rank in the global standings.
        points: ``Final Rank Value``, to one decimal.
        starting_points: ``Starting Rank Value``; empty if the page has none.
        region: Region of the roster; empty if the page has none.
        sides: The roster's side of each series.
    """

    team: str
    roster: tuple[str, ...]
    rank: str
    points: str
    starting_points: str
    region: str
    sides: tuple[SeriesSide, ...]


def day_of(folder: str) -> str | None:
    """Return the day of the standings in a folder (ISO). None for a folder that has none.

    Raises:
        SourceError: If the path names a day that does not exist.
    """
    match = FOLDER.search(folder)
    if match is None:
        return None
    try:
        return date(*map(int, match.groups())).isoformat()
    except ValueError as error:
        raise SourceError(f"{folder}: the day of the standings does not exist") from error


def parse_page(path: str, text: str) -> RosterPage:
    """Parse a page.

    Args:
        path: Path of the page, for messages.
        text: Markdown.

    Raises:
        SourceError: If a field or column is missing or malformed; names it.
    """
    values = {}
    for name, pattern in _FIELDS.items():
        match = pattern.search(text)
        if match is None or not match[1]:
            raise SourceError(f"{path}: field {name!r} is missing or malformed")
        values[name] = match[1]
    starting, region = _STARTING.search(text), _REGION.search(text)
    team = values["Team Name"]
    return RosterPage(
        team=team,
        roster=_parse_players(values["Roster"]),
        rank=values["Global Rank"],
        points=values["Final Rank Value"],
        starting_points=starting[1] if starting else "",
        region=region[1].strip() if region else "",
        sides=tuple(_parse_side(path, team, cells) for cells in _series_cells(path, text)),
    )


@lru_cache(maxsize=50_000)  # standings repeat the series of the last half year, and their lineups
def _parse_players(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _series_cells(path: str, text: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of ``_COLUMNS`` in each row of the table of series. A roster without series has no table."""
    lines = iter(text.splitlines())
    first = next((line for line in lines if line.startswith("|") and "Match" in line), None)
    if first is None:
        return
    header = list(map(str.strip, _cells(first)))
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise SourceError(f"{path}: column {', '.join(missing)} is missing; the table has: {', '.join(header)}")
    select = itemgetter(*map(header.index, _COLUMNS))
    next(lines, None)  # skip the alignment row
    for line in lines:
        if not line.startswith("|"):
            return
        cells = _cells(line)
        if len(cells) != len(header):
            raise SourceError(f"{path}: a row has {len(cells)} cells for {len(header)} columns: {line.strip()}")
        yield tuple(map(str.strip, select(cells)))


def _cells(line: str) -> list[str]:
    """Split a row of a table. The cells keep their padding: most of them are not read."""
    return line.strip().strip("|").split("|")


def _parse_side(path: str, team: str, cells: tuple[str, ...]) -> SeriesSide:
    number, day, opponent, result, players = cells
    malformed = None
    if not number.isdecimal():
        malformed = "Match ID"
    elif not _DAY.fullmatch(day):
        malformed = "Date"
    elif result not in ("W", "L"):
        malformed = "W/L"
    if malformed is not None:
        raise SourceError(f"{path}: column {malformed} holds {cells[_COLUMNS.index(malformed)]!r}")
    return SeriesSide(int(number), day, team, opponent, result == "W", _parse_players(players))
