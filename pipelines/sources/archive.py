"""A folder of CSV files: maps*, series*, rankings*, player_maps*, fixtures*, plain or gzipped; others are ignored."""

import gzip
import time
import zlib
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

import pandas as pd

from cs2.settings import SourceName
from pipelines.sources.base import PublishedRows, RowKind, SourceError, parse_times

COLUMNS = {
    RowKind.MAP: ("maps", ("date", "map", "team1", "team2", "winner")),
    RowKind.SERIES: ("series", ("date", "team1", "team2", "winner", "team1_players", "team2_players")),
    RowKind.STANDING: ("rankings", ("date", "team", "roster", "rank", "points")),
    RowKind.PLAYER_MAP: ("player_maps", ("date", "hltv_match_id", "map", "player", "kills", "deaths")),
    RowKind.FIXTURE: ("fixtures", ("start_time", "event", "best_of", "team1", "team2")),
}
"""By kind: how the names of its files begin, and the columns without which a file is refused."""

KEY_COLUMNS = {
    RowKind.MAP: ("hltv_match_id", "date", "map", "team1", "team2", "map_number"),
    RowKind.SERIES: ("date", "team1", "team2", "number_on_day"),
    RowKind.STANDING: ("date", "roster"),
    RowKind.PLAYER_MAP: ("hltv_match_id", "map", "map_no", "player"),
    RowKind.FIXTURE: ("date", "event", "team1", "team2"),
}

SETTLED_SECONDS = 2.0
"""A file changed more recently than this is taken to be still being written."""


def files_of(folder: Path, kind: RowKind) -> list[Path]:
    """The files of one kind, the one written last at the end: where two tell of one row, it is right."""
    stem = COLUMNS[kind][0]
    found = [*folder.glob(f"{stem}*.csv"), *folder.glob(f"{stem}*.csv.gz")]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def read_csv(path: Path, columns: Collection[str]) -> pd.DataFrame:
    """One file as text, in its own order.

    Raises:
        SourceError: If the file is not a CSV file, or misses a column.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: not a readable CSV file ({error})") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceError(f"{path}: not a CSV file ({str(error).strip()})") from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise SourceError(f"{path}: column {', '.join(missing)} is missing; found: {', '.join(frame.columns[:12])}")
    return frame


def read_file(path: Path, kind: RowKind) -> pd.DataFrame:
    """One file of a kind; every row keeps its ``date`` as a day where it can be read.

    Raises:
        SourceError: If the file is not a CSV file, misses a column, or holds no readable date at all.
    """
    frame = read_csv(path, COLUMNS[kind][1])
    told = "start_time" if kind is RowKind.FIXTURE else "date"
    if kind is RowKind.FIXTURE:
        starts = parse_times(frame["start_time"])
        frame["date"] = starts.dt.strftime("%Y-%m-%d").where(starts.notna(), "")
    frame["date"] = frame["date"].str.slice(0, 10)
    if len(frame) and _days(frame).isna().all():
        raise SourceError(f"{path}: column {told} holds no date as YYYY-MM-DD, such as {frame[told].iloc[0]!r}")
    return frame


def _days(frame: pd.DataFrame) -> pd.Series:
    days: pd.Series = pd.to_datetime(frame["date"], format="%Y-%m-%d", errors="coerce")
    return days


def with_row_keys(frame: pd.DataFrame, kind: RowKind) -> pd.DataFrame:
    """The rows of a file with ``row_key`` and ``month``; rows alike in every key column are numbered in their order."""
    columns = [column for column in KEY_COLUMNS[kind] if column in frame.columns]
    key = frame[columns[0]].str.cat(frame[columns[1:]], sep="|")
    if kind is RowKind.MAP and "hltv_map_id" in frame.columns:
        # The one published identifier of a map survives a corrected date or spelling.
        key = key.where(frame["hltv_map_id"] == "", "hltv:" + frame["hltv_map_id"])
    repeat = key.groupby(key).cumcount()
    key = key.where(repeat == 0, key + "#" + (repeat + 1).astype(str))
    parsed = _days(frame)
    month = parsed.dt.strftime("%Y-%m-01").where(parsed.notna(), None)
    # A row without a readable date lands with the month before it, where it is rejected with its reason.
    return frame.assign(row_key=key, month=month.ffill().bfill())


def files_fingerprint(files: Iterable[Path], today: date) -> str | None:
    """Names, sizes and times of the files, and the day; None while one of them is still being written."""
    facts = []
    for path in files:
        stat = path.stat()
        if abs(time.time() - stat.st_mtime) < SETTLED_SECONDS:
            return None
        facts.append(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}")
    return f"{today.isoformat()};" + ";".join(facts)


class ArchiveSource:
    """The watched folder."""

    name = SourceName.ARCHIVE

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[Path]:
        """Every file that is read."""
        return [path for kind in COLUMNS for path in files_of(self.folder, kind)]

    def published(self, today: date) -> PublishedRows:
        """All results up to ``today``, and all matches that were announced.

        Raises:
            SourceError: If the folder or a file cannot be read.
        """
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder}: there is no such folder")
        if not files_of(self.folder, RowKind.MAP) and not files_of(self.folder, RowKind.SERIES):
            raise SourceError(f"{self.folder}: no maps*.csv[.gz] and no series*.csv[.gz] in it")
        frames = {}
        for kind in COLUMNS:
            parts = [with_row_keys(read_file(path, kind), kind) for path in files_of(self.folder, kind)]
            parts = [part for part in parts if len(part)]
            if parts:
                frame = pd.concat(parts).drop_duplicates("row_key", keep="last").reset_index(drop=True)
                later = _days(frame) > pd.Timestamp(today)  # False where no day can be read
                if kind is RowKind.FIXTURE:  # matches to come; the partitions end with the running month
                    frame["month"] = frame["month"].where(~later, today.replace(day=1).isoformat())
                else:
                    frame = frame[~later]
                frames[kind] = frame[frame["month"].notna()].fillna("")
        return PublishedRows(frames)

    def fingerprint(self, today: date) -> str | None:
        """Names, sizes and times of the files; None while one of them is still being written."""
        return files_fingerprint(self.files(), today)
