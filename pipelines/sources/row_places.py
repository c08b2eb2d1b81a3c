"""Where rows stand in the watched folder: file and line."""

from collections.abc import Collection
from pathlib import Path

from pipelines.sources.archive import COLUMNS, list_files, read_rows
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.row_keys import with_row_keys

HEADER_LINES = 1


def find_places(folder: Path, keys: Collection[tuple[RowKind, str]]) -> dict[tuple[RowKind, str], str]:
    """Find rows by their keys in the files of a folder, as they are now.

    Args:
        folder: The watched folder.
        keys: Kind and ``row_key`` of each row.

    Returns:
        ``maps.csv:12`` (file and line) by kind and key. A row of a file that cannot be read is absent. Lines within
        quotes are not counted.
    """
    places: dict[tuple[RowKind, str], str] = {}
    for kind in sorted({kind for kind, _ in keys}):
        wanted = {row_key for of_kind, row_key in keys if of_kind is kind}
        for path in list_files(folder, COLUMNS[kind][0]):
            try:
                frame = with_row_keys(read_rows(path, kind), kind)
            except SourceError:
                continue
            found = frame.loc[frame["row_key"].isin(wanted), "row_key"]
            lines = found.index + HEADER_LINES + 1
            places |= {(kind, row_key): f"{path.name}:{line}" for row_key, line in zip(found, lines, strict=True)}
    return places
