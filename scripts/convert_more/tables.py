"""Read the published files as text, and write the converted ones at once or not at all."""

import csv
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from scripts.convert_more.errors import ConversionError

Row = dict[str, str]


def read_table(folder: Path, stem: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read ``stem.csv`` or ``stem.csv.gz`` of a folder as text, with these columns only.

    Raises:
        ConversionError: If the file is missing, unreadable, or lacks a column.
    """
    paths = [path for path in (folder / f"{stem}.csv.gz", folder / f"{stem}.csv") if path.is_file()]
    if not paths:
        raise ConversionError(f"{folder} has no {stem}.csv.gz and no {stem}.csv: name the folder that has it")
    try:
        return pd.read_csv(paths[0], dtype=str, keep_default_na=False, usecols=list(columns))[list(columns)]
    except (OSError, EOFError, UnicodeDecodeError, ValueError, pd.errors.ParserError) as error:
        raise ConversionError(f"{paths[0]} cannot be read: {error}") from error


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write rows in a fixed order; a reader sees the old file or the whole new one. Return the number of rows.

    Raises:
        ConversionError: If the file cannot be written.
    """
    ordered = sorted(tuple(row[column] for column in columns) for row in rows)
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConversionError(f"{path.parent} cannot be written to: {error}") from error
    part = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor is no path
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(ordered)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConversionError(f"{path} cannot be written: {error}") from error
    return len(ordered)
