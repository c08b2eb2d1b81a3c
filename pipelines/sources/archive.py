"""Folder of CSV files, plain or gzipped; ``COLUMNS`` has the beginnings of their names. Other files are ignored."""

import gzip
import time
import zlib
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

import pandas as pd

from cs2.settings import SourceName
from pipelines.sources.base import PublishedRows, RowKind, SourceError, parse_days, parse_times
from pipelines.sources.months import FIRST_MONTH

COLUMNS = {
    RowKind.MAP: ("maps", ("date", "map", "team1", "team2", "winner")),
    RowKind.SERIES: ("series", ("date", "team1", "team2", "winner", "team1_players", "team2_players")),
    RowKind.STANDING: ("rankings", ("date", "team", "roster", "rank", "points")),
    RowKind.PLAYER_MAP: ("player_maps", ("date", "hltv_match_id", "map", "player", "kills", "deaths")),
    RowKind.FIXTURE: ("fixtures", ("start_time", "event", "best_of", "team1", "team2")),
    RowKind.LINEUP: ("lineups", ("date", "map", "team1", "team2", "team1_players", "team2_players")),
    RowKind.VETO: ("vetoes", ("date", "team1", "team2", "step", "team", "action", "map")),
}
"""By kind: beginning of the file names, and required columns."""

KEY_COLUMNS = {
    RowKind.MAP: ("hltv_match_id", "date", "map", "team1", "team2", "map_number"),
    RowKind.SERIES: ("date", "team1", "team2", "number_on_day"),
    RowKind.STANDING: ("date", "roster"),
    RowKind.PLAYER_MAP: ("hltv_match_id", "map", "map_no", "player"),
    RowKind.FIXTURE: ("date", "event", "team1", "team2"),
    RowKind.LINEUP: ("hltv_match_id", "date", "map", "team1", "team2"),
    RowKind.VETO: ("hltv_match_id", "date", "event", "team1", "team2", "step"),
}

SETTLED_SECONDS = 2.0
"""A file that changed more recently than this counts as being written."""


def list_files(folder: Path, stem: str = "") -> list[Path]:
    """List the CSV files whose names begin with ``stem``, newest last: it corrects the rows of the older ones."""
    files = [*folder.glob(f"{stem}*.csv"), *folder.glob(f"{stem}*.csv.gz")]
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))


def read_csv(path: Path, columns: Collection[str]) -> pd.DataFrame:
    """Read a file as text, in its own order.

    Raises:
        SourceError: If the file is not a CSV file, or lacks a column.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: not a readable CSV file ({error})") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceError(f"{path}: not a CSV file ({str(error).strip()})") from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise SourceError(
            f"{path}: column {', '.join(missing)} is missing; the file has: {', '.join(frame.columns[:12])}"
        )
    return frame


def read_rows(path: Path, kind: RowKind) -> pd.DataFrame:
    """Read a file of one kind. ``date`` is cut to its day.

    Raises:
        SourceError: If the file is not a CSV file, lacks a column, or has no readable date at all.
    """
    frame = read_csv(path, COLUMNS[kind][1])
    time_column = "start_time" if kind is RowKind.FIXTURE else "date"
    if kind is RowKind.FIXTURE:
        starts = parse_times(frame["start_time"])
        frame["date"] = starts.dt.strftime("%Y-%m-%d").where(starts.notna(), "")
    frame["date"] = frame["date"].str.slice(0, 10)
    if len(frame) and parse_days(frame["date"]).isna().all():
        raise SourceError(
            f"{path}: column {time_column} holds no date as YYYY-MM-DD, such as {frame[time_column].iloc[0]!r}"
        )
    return frame


def with_row_keys(frame: pd.DataFrame, kind: RowKind) -> pd.DataFrame:
    """Add ``row_key`` and ``month`` to the rows of a file. Rows that agree in all key columns are numbered in order."""
    columns = [column for column in KEY_COLUMNS[kind] if column in frame.columns]
    key = frame[columns[0]].str.cat(frame[columns[1:]], sep="|")
    if kind in (RowKind.MAP, RowKind.LINEUP) and "hltv_map_id" in frame.columns:
        # The id of a map stays when a date or spelling is corrected.
        key = key.where(frame["hltv_map_id"] == "", "hltv:" + frame["hltv_map_id"])
    repetition = key.groupby(key).cumcount()
    key = key.where(repetition == 0, key + "#" + (repetition + 1).astype(str))
    day = parse_days(frame["date"])
    month = day.dt.strftime("%Y-%m-01").where(day.notna(), None)
    # A row without a readable date takes the month of the row before it, a row before the first month that one; the ETL
    # rejects them with the reason.
    month = month.where(month.isna() | (month >= FIRST_MONTH), FIRST_MONTH)
    return frame.assign(row_key=key, month=month.ffill().bfill())


def files_fingerprint(files: Iterable[Path], today: date) -> str | None:
    """Identify files by name, size and time of change, and the day. None while one is being written."""
    parts = []
    for path in files:
        stat = path.stat()
        if abs(time.time() - stat.st_mtime) < SETTLED_SECONDS:
            return None
        parts.append(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}")
    return f"{today.isoformat()};" + ";".join(parts)


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

    def published(self, today: date) -> PublishedRows:
        """Return the results up to ``today`` and all announced matches.

        Raises:
            SourceError: If the folder or a file cannot be read.
        """
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder}: this folder does not exist")
        if not self._files_of(RowKind.MAP) and not self._files_of(RowKind.SERIES):
            raise SourceError(f"{self.folder}: the folder has no maps*.csv[.gz] and no series*.csv[.gz]")
        frames = {}
        for kind in COLUMNS:
            parts = [with_row_keys(read_rows(path, kind), kind) for path in self._files_of(kind)]
            parts = [part for part in parts if len(part)]
            if parts:
                frame = pd.concat(parts).drop_duplicates("row_key", keep="last").reset_index(drop=True)
                later = parse_days(frame["date"]) > pd.Timestamp(today)  # False for an unreadable day
                if kind is RowKind.FIXTURE:  # the partitions end with the running month
                    frame["month"] = frame["month"].where(~later, today.replace(day=1).isoformat())
                else:
                    frame = frame[~later]
                frames[kind] = frame[frame["month"].notna()].fillna("")
        return PublishedRows(frames)

    def poll(self) -> None:
        """Do nothing: the folder is read in place."""

    def fingerprint(self, today: date) -> str | None:
        """Identify the files by name, size and time of change. None while one is being written."""
        return files_fingerprint(self.files(), today)
