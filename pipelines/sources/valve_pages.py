"""The pages of Valve's standings: one roster each, its standing and the series that counted for it. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pipelines.sources.base import SourceError

PAGE = re.compile(r"(?:^|/)details/(\d{4})_(\d\d)_(\d\d)/[^/]+\.md$")
"""Path of a roster's page, with the day of the standings."""

_COLUMNS = ("Match ID", "Date", "Opponent", "W/L", "Roster")
"""Those that are read. ``LAN Wins`` is not: it is filled for a roster's ten best wins only, so it tells who won."""

_FIELDS = {
    "Team Name": re.compile(r"^Team Name: *(.*?) *(?:<br ?/?>)?$", re.MULTILINE),
    "Roster": re.compile(r"^Roster: *(.*?) *(?:<br ?/?>)?$", re.MULTILINE),
    "Global Rank": re.compile(r"^Global Rank: *\[?(\d+)", re.MULTILINE),
    "Final Rank Value": re.compile(r"^Final Rank Value: *(\d+(?:\.\d+)?)", re.MULTILINE),
}
_STARTING = re.compile(r"Starting Rank Value \((\d+(?:\.\d+)?)\)")
_REGION = re.compile(r"^Region: *\[?([^\]<(\n]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Side:
    """One roster's side of one series.

    Attributes:
        match_id: Number of the series within these standings; the newest has the lowest.
        day: Day of play, ISO.
        team: The roster's name on the day of the standings.
        opponent: The other one's name.
        won: Whether the roster won.
        lineup: The five who played, in the page's order.
    """

    match_id: int
    day: str
    team: str
    opponent: str
    won: bool
    lineup: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RosterPage:
    """One page.

    Attributes:
        team: Name of the roster's team.
        roster: Its players: up to five.
        rank: In the global standings.
        points: ``Final Rank Value``, to one decimal.
        starting_points: ``Starting Rank Value``; empty where the page does not tell it.
        region: Of the roster; empty where the page does not tell it.
        sides: Its series.
    """

    team: str
    roster: tuple[str, ...]
    rank: str
    points: str
    starting_points: str
    region: str
    sides: list[Side]


def day_of(path: str) -> str | None:
    """Day of the standings that a page belongs to (ISO); None for a file that is no roster's page.

    Raises:
        SourceError: If the path names a day that does not exist.
    """
    match = PAGE.search(path)
    if match is None:
        return None
    try:
        return date(*map(int, match.groups())).isoformat()
    except ValueError as error:
        raise SourceError(f"{path}: no such day") from error


def read_page(path: str, text: str) -> RosterPage:
    """Read one page.

    Args:
        path: For messages.
        text: Markdown.

    Raises:
        SourceError: If the page lacks a field or a column, or one does not hold what it should; it is named.
    """
    found = {}
    for name, pattern in _FIELDS.items():
        match = pattern.search(text)
        if match is None or not match[1]:
            raise SourceError(f"{path}: field {name!r} is missing or of another form")
        found[name] = match[1]
    starting, region = _STARTING.search(text), _REGION.search(text)
    team = found["Team Name"]
    return RosterPage(
        team=team,
        roster=_players(found["Roster"]),
        rank=found["Global Rank"],
        points=found["Final Rank Value"],
        starting_points=starting[1] if starting else "",
        region=region[1].strip() if region else "",
        sides=[_side(path, team, cells) for cells in _matches(path, text)],
    )


def _players(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _matches(path: str, text: str) -> Iterator[dict[str, str]]:
    """The rows of the table of series, by column; a roster without series has no table."""
    lines = iter(text.splitlines())
    header = next((_cells(line) for line in lines if line.startswith("|") and "Match" in line), None)
    if header is None:
        return
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise SourceError(f"{path}: column {', '.join(missing)} is missing; found: {', '.join(header)}")
    places = {column: header.index(column) for column in _COLUMNS}
    next(lines, None)  # how the columns are aligned
    for line in lines:
        if not line.startswith("|"):
            return
        cells = _cells(line)
        if len(cells) != len(header):
            raise SourceError(f"{path}: a row has {len(cells)} cells for {len(header)} columns: {line.strip()}")
        yield {column: cells[place] for column, place in places.items()}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _side(path: str, team: str, cells: dict[str, str]) -> Side:
    number, day, result = cells["Match ID"], cells["Date"], cells["W/L"]
    wrong = None
    if not number.isdecimal():
        wrong = "Match ID"
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        wrong = "Date"
    elif result not in ("W", "L"):
        wrong = "W/L"
    if wrong is not None:
        raise SourceError(f"{path}: column {wrong} holds {cells[wrong]!r}")
    return Side(
        match_id=int(number),
        day=day,
        team=team,
        opponent=cells["Opponent"],
        won=result == "W",
        lineup=_players(cells["Roster"]),
    )
