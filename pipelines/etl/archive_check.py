"""What the ETL would make of an archive folder, found without a server by the functions of the ETL."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.etl.rejections import RejectedRow, list_rejected
from pipelines.sources.archive import ArchiveFile, ArchiveSource, published_rows
from pipelines.sources.base import RowKind, parse_days

MARKS = ("never_played", "doubtful", "winner_conflict", "date_suspect")


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of the lines of one file. They add up to ``lines``.

    Attributes:
        name: Name of the file.
        kind: What its rows are about.
        lines: Number of lines.
        header: 1, the header.
        empty: Lines without text.
        continued: Lines that go on with a quoted text of the line before.
        stored: Rows that would be stored.
        merged: Rows that would be merged into another row.
        repeated: Rows that a later row of the same key replaces.
        rejected: Lines and rows that cannot be used.
        later: Results after the day of the check: they wait.
    """

    name: str
    kind: RowKind
    lines: int
    header: int
    empty: int
    continued: int
    stored: int
    merged: int
    repeated: int
    rejected: int
    later: int


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A map that would be stored and left out of ratings, training and scores.

    Attributes:
        file_name: Its file.
        line_number: Its line in the file, from 1.
        mark: never_played, doubtful, winner_conflict or date_suspect.
        reason: The contradiction; empty where the file itself says so.
    """

    file_name: str
    line_number: int
    mark: str
    reason: str


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What the ETL would make of a folder.

    Attributes:
        files: The files that can be read.
        unreadable: Why each other file cannot be read, by its path.
        ignored: Names of the files that the archive does not read.
        rejected: Every row and line that cannot be used.
        marked: Every marked map.
    """

    files: list[FileReport]
    unreadable: dict[str, str]
    ignored: list[str]
    rejected: list[RejectedRow]
    marked: list[MarkedRow]


def check_archive(folder: Path, today: date, progress: Callable[[str], None] = lambda _step: None) -> ArchiveReport:
    """Read a folder, and decide about its rows as the ETL does.

    Args:
        folder: The archive folder.
        today: Results after this day wait.
        progress: Is called with the name of each step before it.

    Raises:
        SourceError: If the folder cannot be read, or has no file of maps or series.
    """
    source = ArchiveSource(folder)
    files, unreadable = source.read(lambda path: progress(f"reading {path.name}"))
    published = published_rows(files, today).frames
    progress(f"deciding what {sum(map(len, published.values())):,} rows are about")
    rebuilt = rebuild(published, Identities())
    progress("counting")
    read = {path.name for path in source.files()}
    return ArchiveReport(
        files=[_report(file, published.get(file.kind), rebuilt.outcomes, today) for file in files],
        unreadable={str(path): reason for path, reason in unreadable.items()},
        ignored=sorted(path.name for path in folder.iterdir() if path.name not in read),
        rejected=list_rejected(published, rebuilt.outcomes),
        marked=_marked(published.get(RowKind.MAP), rebuilt.tables.map_results),
    )


def _report(file: ArchiveFile, published: pd.DataFrame | None, outcomes: pd.DataFrame, today: date) -> FileReport:
    counts: Counter[str] = Counter()
    n_published = 0
    if published is not None:
        of_file = published[published["file_name"] == file.path.name]
        n_published = len(of_file)
        of_kind = outcomes[outcomes["kind"] == file.kind]
        counts.update(of_kind.loc[of_kind["index"].isin(of_file.index), "outcome"].tolist())
    is_result = file.kind is not RowKind.FIXTURE
    later = int((parse_days(file.rows["date"]) > pd.Timestamp(today)).sum()) if is_result else 0
    return FileReport(
        name=file.path.name,
        kind=file.kind,
        lines=file.table.n_lines,
        header=1,
        empty=file.table.n_empty,
        continued=file.table.n_further,
        stored=counts["stored"],
        merged=counts["merged"],
        repeated=len(file.rows) - n_published - later,
        rejected=counts["rejected"],
        later=later,
    )


def _marked(published: pd.DataFrame | None, results: pd.DataFrame) -> list[MarkedRow]:
    if published is None:
        return []
    places = published.set_index("row_key")[["file_name", "line_number"]]
    rows = results[~results["is_rated"]]
    marked = []
    for row in rows.to_dict("records"):
        file_name, line_number = places.loc[row["natural_key"]]
        mark = next(mark for mark in MARKS if row[mark])
        marked.append(MarkedRow(file_name, int(line_number), mark, row["doubt"] or ""))
    return sorted(marked, key=lambda row: (row.file_name, row.line_number))
