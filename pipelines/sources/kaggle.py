"""The wide public CSV of "CS2 pro matches": one line a map, or the total of a series, with ten players' statistics."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from cs2.settings import SourceName
from pipelines.sources.archive import files_fingerprint, read_csv
from pipelines.sources.base import PublishedRows, RowKind, SourceError

SIDES = ("team1", "team2")
FACTS = ("kills", "deaths", "adr", "kast")
PLAYERS = {side: tuple(f"{side}_player{n}" for n in range(1, 6)) for side in SIDES}
COLUMNS = (
    "match_id", "game_id", "tournament", "team1", "team2", "score1_match", "score2_match", "is_total", "bestOf",
    "score1_game", "score2_game", "map_name", "datetime", "team1_win",
    *(player for side in SIDES for player in PLAYERS[side]),
    *(f"{player}_{fact}" for side in SIDES for player in PLAYERS[side] for fact in FACTS),
)  # fmt: skip
"""Those that are read, of 98."""

TOTAL = {"True": True, "False": False}
_NICKNAME = re.compile(r"^(?P<nickname>.*?)(?: \(.*\))?(?:, [A-Z]{2})?$", re.DOTALL)


def nickname(text: str) -> str:
    """Of ``Swisher (Michael Schmid), US``: Swisher."""
    match = _NICKNAME.match(text)
    return match["nickname"].strip() if match else text.strip()


class KaggleSource:
    """A folder with the file, or with several of its versions: the one written last is right."""

    name = SourceName.KAGGLE

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[Path]:
        """Every file that is read, the one written last at the end."""
        found = [*self.folder.glob("*.csv"), *self.folder.glob("*.csv.gz")]
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def published(self, today: date) -> PublishedRows:
        """All rows up to ``today``.

        Raises:
            SourceError: If there is no file, or one is of another layout.
        """
        files = self.files()
        if not files:
            raise SourceError(f"{self.folder}: there is no *.csv[.gz] in it")
        lines: dict[tuple[RowKind, str], dict[str, str]] = {}
        for path in files:
            for line in _read(path):
                for kind, row in _rows(line):
                    if row["date"] <= today.isoformat():
                        lines[kind, row["row_key"]] = row
        frames = {kind: [row for (its, _), row in lines.items() if its is kind] for kind in RowKind}
        return PublishedRows({kind: pd.DataFrame(rows, dtype=str).fillna("") for kind, rows in frames.items() if rows})

    def fingerprint(self, today: date) -> str | None:
        """Names, sizes and times of the files; None while one of them is still being written."""
        return files_fingerprint(self.files(), today)


def _read(path: Path) -> list[dict[str, str]]:
    frame = read_csv(path, COLUMNS)
    strange = sorted(set(frame["is_total"]) - set(TOTAL))
    if strange:
        raise SourceError(f"{path}: column is_total holds {strange[0]!r}, neither True nor False")
    days = pd.to_datetime(frame["datetime"], format="%Y-%m-%d %H:%M:%S", errors="coerce")
    if days.isna().any():
        raise SourceError(f"{path}: column datetime holds {frame['datetime'][days.isna()].iloc[0]!r}, no time")
    lines: list[dict[Any, str]] = frame.to_dict("records")
    return lines


def _rows(line: dict[str, str]) -> Iterator[tuple[RowKind, dict[str, str]]]:
    day = line["datetime"][:10]
    row = {"date": day, "month": day[:8] + "01", "event": line["tournament"], "best_of": _whole(line["bestOf"])}
    row |= {side: line[side] for side in SIDES}
    for side in SIDES:
        names = [nickname(line[player]) for player in PLAYERS[side] if line[player]]
        row[f"{side}_players"] = "|".join(sorted(names, key=str.casefold))
    if TOTAL[line["is_total"]]:
        # Not team1_win, which is 0 on most totals, nor map and rounds, which are those of the last map or their sum.
        winner = _winner(line["score1_match"], line["score2_match"])
        yield RowKind.SERIES, {**row, "row_key": line["match_id"], "winner": winner}
        return
    key = f"{line['match_id']}/{_whole(line['game_id'])}"
    game = {
        "row_key": key,
        "hltv_match_id": f"kaggle/{line['match_id']}",  # which maps are one series
        "start_time": line["datetime"],
        "map": line["map_name"],
        "score1": _whole(line["score1_game"]),
        "score2": _whole(line["score2_game"]),
        "winner": {"1": "1", "0": "2"}.get(line["team1_win"], ""),
    }
    yield RowKind.MAP, {**row, **game}
    for side in SIDES:
        for player in PLAYERS[side]:
            if line[player]:
                facts = {fact: line[f"{player}_{fact}"] for fact in FACTS}
                facts |= {fact: _whole(facts[fact]) for fact in ("kills", "deaths")}
                who = {"player": nickname(line[player]), "row_key": f"{key}/{player}"}
                told = {name: row[name] for name in ("date", "month", *SIDES)}
                yield RowKind.PLAYER_MAP, {**told, "map": line["map_name"], **facts, **who}


def _whole(text: str) -> str:
    """``13.0`` as ``13``."""
    return text.removesuffix(".0")


def _winner(first: str, second: str) -> str:
    """1 or 2 by the maps won; empty where the score does not tell."""
    if not (_whole(first).isdecimal() and _whole(second).isdecimal()):
        return ""
    won, lost = int(_whole(first)), int(_whole(second))
    return "" if won == lost else ("1" if won > lost else "2")
