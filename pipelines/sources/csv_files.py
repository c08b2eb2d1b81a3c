"""Read CSV files line by line: every physical line is a row, a rejected line with its reason, the header, or empty."""

import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.sources.base import SourceError

SEPARATORS = ",;\t"

RESERVED_COLUMNS = frozenset(
    {"row_key", "month", "problem", "line_text", "file_name", "line_number", "source", "source_rank", "first_id"}
)
"""Columns that the pipeline adds itself: a file's columns of these names are not read."""

MAX_LINES_OF_ROW = 50
"""Most lines over which a quoted text may go on."""

NO_LINE_END = "the last line has no line end, so it may be cut: end the file with a line break"
OPEN_QUOTE = 'a quote (") opens in this line and does not close'
REPEATED_HEADER = "the header again"
_BLANK = '" \t'


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no row.

    Attributes:
        number: Number of the line in its file; the first is 1.
        text: The line.
        reason: Why it is no row.
    """

    number: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The content of a CSV file.

    Attributes:
        frame: The rows as text, in the order of the file. Column names are stripped and in lower case.
        line_numbers: Number of the first line of each row.
        bad_lines: Lines that are no row.
        n_lines: Number of lines: rows + further lines of these rows + bad lines + empty lines + the header.
        n_empty: Number of lines without any text.
        n_further: Number of lines that go on with a quoted text of the line before.
    """

    frame: pd.DataFrame
    line_numbers: list[int]
    bad_lines: list[BadLine]
    n_lines: int
    n_empty: int
    n_further: int


def read_csv_file(path: Path, columns: Collection[str]) -> CsvTable:
    """Read a file: UTF-8, or UTF-16 with a byte order mark; separated by commas, semicolons or tabs.

    Raises:
        SourceError: If the file is no CSV file, names a column twice, or lacks one of ``columns``.
    """
    try:
        lines = (
            _decode(_read_bytes(path)).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd").split("\n")
        )
        header = next((position for position, line in enumerate(lines) if line.strip()), None)
        if header is None:
            raise SourceError("not a CSV file (the file is empty)")
        separator = max(SEPARATORS, key=lines[header].count)
        names = _column_names(lines[header], separator, columns)
        return _Lines(lines, header, separator, names).table()
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from error


def _read_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"not a readable CSV file ({error})") from error
    except OSError as error:
        raise SourceError(f"not a readable CSV file ({error.strerror})") from error
    if content.startswith(b"PK\x03\x04"):
        raise SourceError("not a readable CSV file (a zip archive or spreadsheet: save it as CSV)")
    return content


def _decode(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if error.reason in {"unexpected end of data", "truncated data"}:
            return content[: error.start].decode(encoding)  # cut within a letter: the last line has no line end
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"not a readable CSV file (line {line} has the byte 0x{content[error.start]:02x}, which is not "
            f"{encoding.removesuffix('-sig').upper()}: save the file as UTF-8)"
        ) from error


def _column_names(line: str, separator: str, columns: Collection[str]) -> list[str]:
    fields = _split(line, separator)
    if isinstance(fields, str):
        raise SourceError(f"not a CSV file (its header: {fields})")
    names = [name.strip().casefold() for name in fields]
    named = [name for name in names if name]
    repeated = sorted({name for name in named if named.count(name) > 1})
    if repeated:
        raise SourceError(f"column {', '.join(repeated)} stands twice in the header")
    missing = [column for column in columns if column.casefold() not in named]
    if missing:
        raise SourceError(f"column {', '.join(missing)} is missing; the file has: {', '.join(named[:12])}")
    spelled = {column.casefold(): column for column in columns}
    return [spelled.get(name, name) for name in names]


def _split(line: str, separator: str) -> list[str] | str:
    """Split a line into its fields; return the reason if its quotes are wrong."""
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=separator, strict=True), [])
    except csv.Error as error:
        if "unexpected end" in str(error):
            return OPEN_QUOTE
        return f"a quoted text does not end with its field ({error})"


class _Lines:
    """Sorts the lines of a file into rows and bad lines.

    Args:
        lines: The lines, without their ends; the last one has none, and is empty where the file ends with a line end.
        header: Position of the header.
        separator: Separates the fields.
        names: Names of the columns; empty for a column without a name.
    """

    def __init__(self, lines: list[str], header: int, separator: str, names: list[str]) -> None:
        self.lines = lines[:-1]
        self.unfinished = lines[-1]
        self.header = header
        self.header_text = lines[header].strip().casefold()
        self.separator = separator
        self.names = names
        self.bad: list[BadLine] = []
        self.n_empty = header
        self.n_further = 0

    def table(self) -> CsvTable:
        """Return the rows, and what became of every other line."""
        rows = self._rows()
        n_lines = len(self.lines)
        if self.unfinished:
            n_lines += 1
            if not self.unfinished.strip(self.separator + _BLANK):
                self.n_empty += 1
            elif self.header < len(self.lines):  # else the file is a header alone
                self.bad.append(BadLine(n_lines, self.unfinished, NO_LINE_END))
        frame = self._frame([text for _, text in rows])
        return CsvTable(frame, [number for number, _ in rows], self.bad, n_lines, self.n_empty, self.n_further)

    def _rows(self) -> list[tuple[int, str]]:
        """Return line number and text of each row with as many fields as the header."""
        width = len(self.names)
        records = list(self._records())
        widths = {n_fields for _, _, n_fields in records}
        # All rows, or the header alone, may end with a comma.
        if widths == {width + 1} and all(text.endswith(self.separator) for _, text, _ in records):
            return [(number, text.removesuffix(self.separator)) for number, text, _ in records]
        if widths == {width - 1} and not self.names[-1]:
            return [(number, text + self.separator) for number, text, _ in records]
        for number, text, n_fields in records:
            if n_fields != width:
                self.bad.append(BadLine(number, text, self._wrong_width(text, n_fields)))
        self.bad.sort(key=lambda line: line.number)
        return [(number, text) for number, text, n_fields in records if n_fields == width]

    def _wrong_width(self, text: str, n_fields: int) -> str:
        reason = f"{n_fields} fields, but the header has {len(self.names)}"
        is_ended = n_fields == len(self.names) + 1 and text.endswith(self.separator)
        return f"{reason}: a {self.separator!r} too many at its end" if is_ended else reason

    def _records(self) -> Iterator[tuple[int, str, int]]:
        """Yield line number, text and number of fields of what may be rows; sort out the other lines."""
        blank = self.separator + _BLANK
        position = self.header + 1
        while position < len(self.lines):
            line, number, n_further = self.lines[position], position + 1, 0
            if not line.strip(blank):
                self.n_empty += 1
            elif line.strip().casefold() == self.header_text:
                self.bad.append(BadLine(number, line, REPEATED_HEADER))
            elif '"' not in line:
                yield number, line, line.count(self.separator) + 1
            else:
                fields = _split(line, self.separator)
                if fields == OPEN_QUOTE:
                    n_further = self._further_lines(position)
                    line = "\n".join(self.lines[position : position + n_further + 1])
                if n_further:
                    yield number, line, len(self.names)
                elif isinstance(fields, str):
                    self.bad.append(BadLine(number, line, fields))
                else:
                    yield number, line, len(fields)
            self.n_further += n_further
            position += 1 + n_further

    def _further_lines(self, position: int) -> int:
        """Count the lines over which a text with an open quote goes on; 0 if the quote is a typing error.

        It is one if a line within the text is a row of its own, or if the whole does not have the fields of the header.
        """
        width = len(self.names)
        text = self.lines[position]
        for n_further, line in enumerate(self.lines[position + 1 : position + MAX_LINES_OF_ROW], start=1):
            fields = _split(line, self.separator) if line.count('"') % 2 == 0 else []
            if not isinstance(fields, str) and len(fields) == width:
                return 0
            text += "\n" + line
            if text.count('"') % 2 == 0:
                whole = _split(text, self.separator)
                return n_further if not isinstance(whole, str) and len(whole) == width else 0
        return 0

    def _frame(self, rows: list[str]) -> pd.DataFrame:
        labels = [name or f"unnamed {position}" for position, name in enumerate(self.names)]
        kept = [label for label, name in zip(labels, self.names, strict=True) if name and name not in RESERVED_COLUMNS]
        if not rows:
            return pd.DataFrame(columns=kept, dtype=str)
        frame = pd.read_csv(
            io.BytesIO("\n".join(rows).encode()),
            sep=self.separator,
            names=labels,
            header=None,
            index_col=False,
            usecols=kept,
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
        )
        if len(frame) != len(rows):
            raise SourceError(f"not a CSV file ({len(rows)} rows were read as {len(frame)})")
        return frame
