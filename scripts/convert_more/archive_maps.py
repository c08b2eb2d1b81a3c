"""Maps of an archive, and the maps of bo3.gg among them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cs2.map_names import canonical_map_name
from pipelines.spelling import Lineup, split_players, team_key
from scripts.convert_more.tables import read_table

_MAP_COLUMNS = (
    *("date", "event", "map_number", "map", "team1", "team2", "score1", "score2"),
    *("team1_players", "team2_players", "hltv_match_id", "hltv_map_id"),
)
_MAX_GAP_DAYS = 1


@dataclass(frozen=True, slots=True)
class ArchiveMap:
    """A map of the archive, as published there.

    Attributes:
        position: Position among the rows of the archive.
        day: Day number.
        keys: Keys of both teams.
        lineups: Both lineups; empty where unknown.
        row: The published columns.
    """

    position: int
    day: int
    keys: tuple[str, str]
    lineups: tuple[Lineup, Lineup]
    row: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bo3Map:
    """A map of bo3.gg.

    Attributes:
        id: Its number there.
        match_id: Number of its match.
        day: Day number of its beginning.
        map: Name of the map, in the spelling of the project.
        number: Its number within the match.
        sides: Key of each team by its number there.
    """

    id: str
    match_id: str
    day: int
    map: str
    number: str
    sides: dict[str, str]


def day_number(text: str) -> int:
    """Return the day of an ISO date or time, counted from year 1."""
    return date.fromisoformat(text[:10]).toordinal()


def read_archive_maps(folder: Path, *, since: str) -> list[ArchiveMap]:
    """Read the maps of an archive folder from a day on.

    Raises:
        ConversionError: If the folder has no maps file that can be read.
    """
    frame = read_table(folder, "maps", _MAP_COLUMNS)
    rows: list[Any] = frame[frame["date"] >= since].to_dict("records")
    return [
        ArchiveMap(
            position=position,
            day=day_number(row["date"]),
            keys=(team_key(row["team1"]), team_key(row["team2"])),
            lineups=(_five(row["team1_players"]), _five(row["team2_players"])),
            row=row,
        )
        for position, row in enumerate(rows)
    ]


def _five(text: str) -> Lineup:
    players = split_players(text)
    return players if len(players) == len(set(players)) == 5 else ()


def read_archive_lineups(folder: Path, *, before: str = "9999") -> list[Lineup]:
    """Read the lineups of the maps and series of an archive, up to a day.

    Raises:
        ConversionError: If a file is missing or cannot be read.
    """
    lineups = []
    for stem in ("maps", "series"):
        frame = read_table(folder, stem, ("date", "team1_players", "team2_players"))
        frame = frame[frame["date"] < before]
        lineups += [_five(text) for column in ("team1_players", "team2_players") for text in frame[column]]
    return [lineup for lineup in lineups if lineup]


def read_bo3_maps(folder: Path) -> list[Bo3Map]:
    """Read the maps of bo3.gg that name their map, their teams and their day.

    Raises:
        ConversionError: If a file is missing or cannot be read.
    """
    matches = read_table(
        folder, "bo3gg_matches", ("match_id", "team1_id", "team2_id", "team1_name", "team2_name", "scrape_date")
    ).set_index("match_id")
    of_match: dict[Any, dict[Any, str]] = matches.to_dict("index")
    maps = read_table(folder, "bo3gg_maps", ("map_id", "match_id", "map_name", "number", "begin_at"))
    found = []
    for row in maps.to_dict("records"):
        match = of_match.get(row["match_id"])
        name = canonical_map_name(row["map_name"])
        if match is None or not name or not (row["begin_at"] or match["scrape_date"]):
            continue
        sides = {match[f"team{side}_id"]: team_key(match[f"team{side}_name"]) for side in (1, 2)}
        day = day_number(row["begin_at"] or match["scrape_date"])
        found.append(Bo3Map(row["map_id"], row["match_id"], day, name, row["number"], sides))
    return found


def match_maps(bo3: Iterable[Bo3Map], archive: Iterable[ArchiveMap]) -> dict[str, ArchiveMap]:
    """Pair maps of bo3.gg with maps of the archive, one to one: same map and teams, the nearest day.

    Returns:
        The archive's map by the number of bo3.gg's.
    """
    by_pair: dict[tuple[str, frozenset[str]], list[ArchiveMap]] = defaultdict(list)
    for each in archive:
        by_pair[canonical_map_name(each.row["map"]), frozenset(each.keys)].append(each)
    candidates = sorted(
        (abs(each.day - other.day), each.day, each.id, other.position, other)
        for each in bo3
        for other in by_pair.get((each.map, frozenset(each.sides.values())), [])
        if abs(each.day - other.day) <= _MAX_GAP_DAYS
    )
    paired: dict[str, ArchiveMap] = {}
    taken: set[int] = set()
    for _, _, bo3_id, position, other in candidates:
        if bo3_id not in paired and position not in taken:
            paired[bo3_id] = other
            taken.add(position)
    return paired
