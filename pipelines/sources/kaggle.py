"""Public CSV file "CS2 pro matches": each line is a map or the total of a series, with statistics of ten players."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from cs2.settings import SourceName
from pipelines.sources.archive import files_fingerprint, list_files, with_bad_lines
from pipelines.sources.base import PublishedRows, RowKind, SourceContent, SourceError, bounded_key
from pipelines.sources.csv_files import BadLine, read_csv_file
from pipelines.sources.row_keys import canonical_number

SIDES = ("team1", "team2")
STATISTICS = ("kills", "deaths", "adr", "kast")
PLAYERS = {side: tuple(f"{side}_player{n}" for n in range(1, 6)) for side in SIDES}
COLUMNS = (
    "match_id", "game_id", "tournament", "team1", "team2", "score1_match", "score2_match", "is_total", "bestOf",
    "score1_game", "score2_game", "map_name", "datetime", "team1_win",
    *(player for side in SIDES for player in PLAYERS[side]),
    *(f"{player}_{stat}" for side in SIDES for player in PLAYERS[side] for stat in STATISTICS),
)  # fmt: skip
"""The columns that are read; the file has 98."""

TOTAL = {"True": True, "False": False}
_NICKNAME = re.compile(r"^(?P<nickname>.*?)(?: \(.*\))?(?:, [A-Z]{2})?$", re.DOTALL)


def parse_nickname(text: str) -> str:
    """Extract the nickname: ``Swisher (Michael Schmid), US`` is ``Swisher``."""
    match = _NICKNAME.match(text)
    return match["nickname"].strip() if match else text.strip()


class KaggleSource:
    """Folder with one or more versions of the file; the newest version corrects the others."""

    name = SourceName.KAGGLE

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[Path]:
        """List every file that is read, the newest last."""
        return list_files(self.folder)

    def published(self, today: date) -> PublishedRows:
        """Return the rows up to ``today``.

        Raises:
            SourceError: If there is no file, or a file has another layout.
        """
        files = self.files()
        if not files:
            raise SourceError(f"{self.folder}: the folder has no *.csv[.gz]")
        newest_rows: dict[tuple[RowKind, str], dict[str, str]] = {}
        keys: set[tuple[RowKind, str]] = set()
        for path in files:
            for kind, row in _read_rows(path):
                keys.add((kind, row["row_key"]))
                if row["date"] <= today.isoformat():
                    newest_rows[kind, row["row_key"]] = row
        rows_by_kind: dict[RowKind, list[dict[str, str]]] = {}
        for (kind, _), row in newest_rows.items():
            rows_by_kind.setdefault(kind, []).append(row)
        frames = {kind: pd.DataFrame(rows, dtype=str).fillna("") for kind, rows in rows_by_kind.items()}
        frames = {kind: frames[kind] for kind in RowKind if kind in frames}
        return PublishedRows(
            frames, SourceContent(frames, frozenset(keys), today, frozenset(path.name for path in files))
        )

    def poll(self) -> None:
        """Do nothing: the folder is read in place."""

    def fingerprint(self, today: date) -> str | None:
        """Identify the files by name, size and time of change. None while one is being written."""
        return files_fingerprint(self.files(), today)


def _read_rows(path: Path) -> Iterator[tuple[RowKind, dict[str, str]]]:
    """Yield the rows of a file; a line that is no row, or has no usable time or kind, as a map row with a problem."""
    table = read_csv_file(path, COLUMNS)
    lines: list[dict[Any, str]] = table.frame.to_dict("records")
    bad_lines = list(table.bad_lines)
    good_lines = []
    for line, number in zip(lines, table.line_numbers, strict=True):
        problem = _problem(line)
        if problem:
            bad_lines.append(BadLine(number, ",".join(line.values()), problem))
        else:
            good_lines.append((line, {"file_name": path.name, "line_number": str(number)}))
    if bad_lines and not good_lines:
        raise SourceError(f"{path}: no line can be read, such as line {bad_lines[0].number}: {bad_lines[0].reason}")
    for line, position in good_lines:
        for kind, row in _parse_line(line):
            yield kind, row | position | {"row_key": bounded_key(row["row_key"])}
    bad_lines.sort(key=lambda line: line.number)
    days = [{"date": line["datetime"][:10], "month": line["datetime"][:8] + "01", **at} for line, at in good_lines]
    around: list[dict[Any, str]] = with_bad_lines(pd.DataFrame(days), bad_lines, path).to_dict("records")
    for row in around:
        if row.get("problem"):
            yield RowKind.MAP, row


def _problem(line: Mapping[str, str]) -> str | None:
    """Why a line cannot be parsed; None if it can."""
    if pd.isna(pd.to_datetime(line["datetime"], format="%Y-%m-%d %H:%M:%S", errors="coerce")):
        return f"column datetime holds {line['datetime']!r:.40}, which is not a time"
    if line["is_total"] not in TOTAL:
        return f"column is_total holds {line['is_total']!r:.40}, neither True nor False"
    return None


def _parse_line(line: dict[str, str]) -> Iterator[tuple[RowKind, dict[str, str]]]:
    day, match_id = line["datetime"][:10], canonical_number(line["match_id"])
    row = {"date": day, "month": day[:8] + "01", "event": line["tournament"], "best_of": _whole(line["bestOf"])}
    row |= {side: line[side] for side in SIDES}
    for side in SIDES:
        names = [parse_nickname(line[player]) for player in PLAYERS[side] if line[player]]
        row[f"{side}_players"] = "|".join(sorted(names, key=str.casefold))
    if TOTAL[line["is_total"]]:
        # Most totals have a team1_win of 0; their map and rounds are those of the last map, or sums.
        winner = _winner(line["score1_match"], line["score2_match"])
        yield RowKind.SERIES, {**row, "row_key": match_id, "winner": winner}
        return
    key = f"{match_id}/{canonical_number(line['game_id'])}"
    game = {
        "row_key": key,
        "hltv_match_id": f"kaggle/{match_id}",  # maps that share it are one series
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
                stats = {stat: line[f"{player}_{stat}"] for stat in STATISTICS}
                stats |= {stat: _whole(stats[stat]) for stat in ("kills", "deaths")}
                identity = {"player": parse_nickname(line[player]), "row_key": f"{key}/{player}"}
                shared = {name: row[name] for name in ("date", "month", *SIDES)}
                yield RowKind.PLAYER_MAP, {**shared, "map": line["map_name"], **stats, **identity}


def _whole(text: str) -> str:
    """Return ``13.0`` as ``13``."""
    return text.removesuffix(".0")


def _winner(maps1: str, maps2: str) -> str:
    """Return 1 or 2 by the maps won; empty if the score is a draw or not a number."""
    if not (_whole(maps1).isdecimal() and _whole(maps2).isdecimal()):
        return ""
    won1, won2 = int(_whole(maps1)), int(_whole(maps2))
    return "" if won1 == won2 else ("1" if won1 > won2 else "2")
