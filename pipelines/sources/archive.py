"""Folder of CSV files, plain or gzipped; ``COLUMNS`` has the beginnings of their names. Other files are ignored."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from cs2.settings import SourceName
from pipelines.sources.base import (
    LINE_KEY,
    PublishedRows,
    RowKind,
    SourceContent,
    SourceError,
    bounded_key,
    parse_days,
    parse_times,
)
from pipelines.sources.csv_files import BadLine, CsvTable, read_csv_file
from pipelines.sources.row_keys import repeated_rows, with_row_keys

COLUMNS = {
    RowKind.MAP: ("maps", ("date", "map", "team1", "team2", "winner")),
    RowKind.SERIES: ("series", ("date", "team1", "team2", "winner", "team1_players", "team2_players")),
    RowKind.STANDING: ("rankings", ("date", "team", "roster", "rank", "points")),
    RowKind.PLAYER_MAP: ("player_maps", ("date", "hltv_match_id", "map", "player", "kills", "deaths")),
    RowKind.FIXTURE: ("fixtures", ("start_time", "event", "best_of", "team1", "team2")),
    RowKind.LINEUP: ("lineups", ("date", "map", "team1", "team2", "team1_players", "team2_players")),
    RowKind.VETO: ("vetoes", ("date", "team1", "team2", "step", "team", "action", "map")),
    RowKind.IDENTITY: ("identities", ("date", "about", "name1", "name2", "verdict")),
}
"""By kind: beginning of the file names, and required columns."""

MAX_LINE_TEXT = 500
"""Most letters of a line that is no row that are kept."""

_DAY_AND_TIME = r"^(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d.*$"

SETTLED_SECONDS = 2.0
"""A file that changed more recently than this counts as being written."""


def list_files(folder: Path, stem: str = "") -> list[Path]:
    """List the CSV files whose names begin with ``stem``, newest last: it corrects the rows of the older ones."""
    files = [*folder.glob(f"{stem}*.csv"), *folder.glob(f"{stem}*.csv.gz")]
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file as it was read.

    Attributes:
        path: The file.
        kind: What its rows are about.
        table: Its lines.
        rows: Its rows and its bad lines, in the order of the file, as a source publishes them.
        warnings: What a person should know about its rows, such as repeated ones.
    """

    path: Path
    kind: RowKind
    table: CsvTable
    rows: pd.DataFrame
    warnings: list[str]


def read_archive_file(path: Path, kind: RowKind) -> ArchiveFile:
    """Read a file of one kind. ``date`` is cut to its day.

    Raises:
        SourceError: If the file is no CSV file, lacks a column, or has no readable line or date at all.
    """
    table = read_csv_file(path, COLUMNS[kind][1])
    frame = table.frame
    if len(table.bad_lines) > 1 and frame.empty:
        first = table.bad_lines[0]
        raise SourceError(f"{path}: no line can be read, such as line {first.number}: {first.reason}")
    time_column = "start_time" if kind is RowKind.FIXTURE else "date"
    if kind is RowKind.FIXTURE:
        starts = parse_times(frame["start_time"])
        frame["date"] = starts.dt.strftime("%Y-%m-%d").where(starts.notna(), "")
    frame["date"] = frame["date"].str.strip().str.replace(_DAY_AND_TIME, r"\1", regex=True)
    if len(frame) and parse_days(frame["date"]).isna().all():
        raise SourceError(
            f"{path}: column {time_column} holds no date as YYYY-MM-DD, such as {frame[time_column].iloc[0]!r}"
        )
    rows = with_row_keys(frame, kind)
    warnings = [f"{path.name}: {message}" for message in repeated_rows(rows, kind)]
    rows = rows.assign(file_name=path.name, line_number=list(map(str, table.line_numbers)))
    rows["row_key"] = rows["row_key"].map(bounded_key)
    return ArchiveFile(path, kind, table, with_bad_lines(rows, table.bad_lines, path), warnings)


def with_bad_lines(rows: pd.DataFrame, bad_lines: Sequence[BadLine], path: Path) -> pd.DataFrame:
    """Add the lines of a file that are no row, each in the month of the row before it, or else after it.

    The key of a line follows from its text, so that it stays while the line moves.
    """
    if not bad_lines:
        return rows
    keys = pd.Series([f"{LINE_KEY}{_digest(line.reason, line.text)}" for line in bad_lines])
    repetition = keys.groupby(keys).cumcount()
    lines = pd.DataFrame(
        {
            "row_key": keys.where(repetition == 0, keys + "#" + (repetition + 1).astype(str)),
            "file_name": path.name,
            "line_number": [str(line.number) for line in bad_lines],
            "problem": [line.reason for line in bad_lines],
            "line_text": [line.text[:MAX_LINE_TEXT] for line in bad_lines],
        }
    )
    both = pd.concat([rows, lines]).sort_values("line_number", key=pd.to_numeric).reset_index(drop=True)
    return both.assign(month=both["month"].ffill().bfill()).fillna({name: "" for name in both if name != "month"})


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def files_fingerprint(files: Iterable[Path], today: date) -> str | None:
    """Identify files by name, size and time of change, and the day. None while one is being written."""
    parts = []
    for path in files:
        stat = path.stat()
        if abs(time.time() - stat.st_mtime) < SETTLED_SECONDS:
            return None
        parts.append(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}")
    return f"{today.isoformat()};" + ";".join(parts)


def published_rows(files: Sequence[ArchiveFile], today: date) -> PublishedRows:
    """Join the rows of all files: a row that stands in two files is one, as the later file has it.

    Results after ``today`` are left out. Announced matches after it belong to the running month.
    """
    frames, keys = {}, set()
    for kind in COLUMNS:
        parts = [file.rows for file in files if file.kind is kind and len(file.rows)]
        if parts:
            frame = pd.concat(parts).drop_duplicates("row_key", keep="last").reset_index(drop=True)
            keys |= {(kind, key) for key in frame["row_key"]}
            later = parse_days(frame["date"]) > pd.Timestamp(today)  # False for an unreadable day
            running = today.replace(day=1).isoformat()  # the last partition
            if kind is RowKind.FIXTURE:
                frame["month"] = frame["month"].where(~later, running)
            else:
                frame = frame[~later]
            # A file whose only line is a bad one names no month.
            frames[kind] = frame.assign(month=frame["month"].fillna(running)).fillna("")
    content = SourceContent(frames, frozenset(keys), today, frozenset(file.path.name for file in files))
    return PublishedRows(frames, content=content, warnings=tuple(each for file in files for each in file.warnings))


class ArchiveSource:
    """The watched folder, read in place."""

    name = SourceName.ARCHIVE

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[Path]:
        """List every file that is read."""
        return [path for kind in COLUMNS for path in self._files_of(kind)]

    def _files_of(self, kind: RowKind) -> list[Path]:
        return list_files(self.folder, COLUMNS[kind][0])

    def read(self, progress: Callable[[Path], None] = lambda _path: None) -> tuple[list[ArchiveFile], dict[Path, str]]:
        """Read every file.

        Args:
            progress: Is called before each file is read.

        Returns:
            The files, by kind and then the newest last; and why each other file cannot be read.

        Raises:
            SourceError: If the folder cannot be read, or has no file of maps or series.
        """
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder}: this folder does not exist")
        if not self._files_of(RowKind.MAP) and not self._files_of(RowKind.SERIES):
            raise SourceError(f"{self.folder}: the folder has no maps*.csv[.gz] and no series*.csv[.gz]")
        files, unreadable = [], {}
        for kind in COLUMNS:
            for path in self._files_of(kind):
                progress(path)
                try:
                    files.append(read_archive_file(path, kind))
                except SourceError as error:
                    unreadable[path] = str(error)
        return files, unreadable

    def published(self, today: date) -> PublishedRows:
        """Return the results up to ``today`` and all announced matches.

        Raises:
            SourceError: If the folder or a file cannot be read; names every file that cannot.
        """
        files, unreadable = self.read()
        if unreadable:
            raise SourceError("; ".join(unreadable.values()))
        return published_rows(files, today)

    def poll(self) -> None:
        """Do nothing: the folder is read in place."""

    def fingerprint(self, today: date) -> str | None:
        """Identify the files by name, size and time of change. None while one is being written."""
        return files_fingerprint(self.files(), today)
