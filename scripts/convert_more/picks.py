"""Picks and deciders of best-of-3 series of HLTV as steps of vetoes. Bans are not published there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cs2.map_names import canonical_map_name
from pipelines.spelling import team_key
from scripts.convert_more.archive_maps import ArchiveMap, Bo3Map, day_number
from scripts.convert_more.tables import Row, read_table

VETO_COLUMNS = ("date", "event", "team1", "team2", "hltv_match_id", "step", "team", "action", "map")

FIRST_PICK, DECIDER = 3, 7
"""Numbers of steps in the veto of a best-of-3: ban, ban, pick, pick, ban, ban, decider."""

_PICK_COLUMNS = (
    *("hltv_match_id", "date", "tournament", "match_type", "team1_name", "team2_name", "winner"),
    *("winner_map", "loser_map", "decider_map"),
)

Numbers = Mapping[str, int]
"""Number of each map within its match, by name."""


class PlayOrder:
    """In which order the maps of a match were played: the first pick is the first map.

    Args:
        folder: Folder with the rounds of HLTV's matches.
        archive: Maps of the archive.
        bo3: Maps of bo3.gg, for matches whose number at HLTV nothing else has.

    Raises:
        ConversionError: If the file of rounds is missing or cannot be read.
    """

    def __init__(self, folder: Path, archive: Iterable[ArchiveMap], bo3: Iterable[Bo3Map]) -> None:
        self._by_id: dict[str, dict[str, int]] = defaultdict(dict)
        rounds = read_table(folder, "hltv_rounds_2024-11_2025-10", ("hltv_match_id", "map", "map_number"))
        numbered = [(row["hltv_match_id"], row["map"], row["map_number"]) for row in rounds.to_dict("records")]
        numbered += [(each.row["hltv_match_id"], each.row["map"], each.row["map_number"]) for each in archive]
        for match, name, number in numbered:
            if match and number.isdigit():
                self._by_id[match].setdefault(canonical_map_name(name), int(number))
        self._by_pair: dict[tuple[int, frozenset[str]], list[Numbers]] = defaultdict(list)
        for maps in _matches(bo3).values():
            numbers = {each.map: int(each.number) for each in maps if each.number.isdigit()}
            self._by_pair[min(each.day for each in maps), frozenset(maps[0].sides.values())].append(numbers)

    def of(self, series: Mapping[Any, str]) -> Numbers:
        """Return the numbers of the maps of a series; empty if they are unknown, or the teams met twice on that day."""
        if numbers := self._by_id.get(series["hltv_match_id"]):
            return numbers
        pair = frozenset(team_key(series[f"team{side}_name"]) for side in (1, 2))
        matches = self._by_pair.get((day_number(series["date"]), pair), [])
        return matches[0] if len(matches) == 1 else {}


def _matches(maps: Iterable[Bo3Map]) -> dict[str, list[Bo3Map]]:
    matches: dict[str, list[Bo3Map]] = defaultdict(list)
    for each in maps:
        matches[each.match_id].append(each)
    return matches


def veto_rows(folder: Path, order: PlayOrder) -> tuple[list[Row], Counter[str]]:
    """Return the known steps of each series, and why steps are left out.

    Raises:
        ConversionError: If the file of picks is missing or cannot be read.
    """
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    for series in read_table(folder, "hltv_picks_2024-05_2025-10", _PICK_COLUMNS).to_dict("records"):
        if series["match_type"] != "bo3":
            left_out["not a best-of-3"] += 1
            continue
        steps, reason = _steps(series, order.of(series))
        if reason:
            left_out[reason] += 1
        shared = {
            "date": series["date"][:10],
            "event": series["tournament"],
            "team1": series["team1_name"],
            "team2": series["team2_name"],
            "hltv_match_id": series["hltv_match_id"],
        }
        rows += [shared | step for step in steps]
    return rows, left_out


def _steps(series: Mapping[Any, str], order: Numbers) -> tuple[list[Row], str]:
    """Steps of one series, and why its picks are left out (empty if they are not)."""
    names = [canonical_map_name(series[column]) for column in ("winner_map", "loser_map", "decider_map")]
    steps = [{"step": str(DECIDER), "team": "", "action": "decider", "map": names[2]}] if names[2] else []
    if not (names[0] and names[1]):
        return steps, "picks are not published"
    if len(set(names)) < 3:
        return [], "a map stands twice"
    if sorted(order.get(name, 0) for name in names[:2]) != [1, 2]:
        return steps, "the order of the picks is unknown"
    winner = 1 if series["winner"] == "team1" else 2
    for name, side in zip(names, (winner, 3 - winner), strict=False):
        number = FIRST_PICK + order[name] - 1
        steps.append({"step": str(number), "team": series[f"team{side}_name"], "action": "pick", "map": name})
    return steps, ""
