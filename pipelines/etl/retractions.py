"""Rows that a source does not hold any more, and the ids of corrected rows. All statements run in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from sqlalchemy import Connection, text

from cs2.settings import SourceName
from pipelines.etl.corrections import CORRECTABLE, match_corrections
from pipelines.sources.base import LINE_KEY, WITHDRAWN, RowKind, SourceContent, SourceError

GONE = "no longer in the source"
CORRECTED = "corrected: "
"""Beginning of the reason of a row that another row now stands for; its key follows."""

MAX_LOST_ROWS = 25
"""A greater loss of rows of a kind must be confirmed: a file of one month is a small share of an archive."""

RowKey = tuple[RowKind, str]

_SELECT_STATES = """
SELECT DISTINCT ON (kind, row_key) kind, row_key, retraction, payload->>'date' AS day,
    payload->>'file_name' AS file_name FROM raw_rows
WHERE source = :source ORDER BY kind, row_key, id DESC
"""
_SELECT_PAYLOADS = """
SELECT DISTINCT ON (kind, row_key) row_key, payload FROM raw_rows
WHERE source = :source AND kind = :kind AND row_key = ANY(:keys) ORDER BY kind, row_key, id DESC
"""
_INSERT_RETRACTIONS = """
INSERT INTO raw_rows (source, kind, month, row_key, content_hash, payload, retraction)
SELECT newest.source, newest.kind, newest.month, newest.row_key, newest.content_hash, newest.payload, gone.reason
FROM unnest(cast(:kinds AS text[]), cast(:keys AS text[]), cast(:reasons AS text[])) AS gone (kind, row_key, reason)
JOIN (
    SELECT DISTINCT ON (kind, row_key) * FROM raw_rows WHERE source = :source ORDER BY kind, row_key, id DESC
) newest USING (kind, row_key)
WHERE newest.retraction IS NULL
ORDER BY newest.month, newest.kind, newest.row_key
"""
_MOVE_IDS = """
UPDATE result_ids SET natural_key = moves.new
FROM unnest(cast(:results AS text[]), cast(:former AS text[]), cast(:new AS text[])) AS moves (result, former, new)
WHERE result_ids.result = moves.result AND result_ids.natural_key = moves.former
  AND NOT EXISTS (SELECT FROM result_ids other WHERE other.result = moves.result AND other.natural_key = moves.new)
"""
_MOVE_OPERATOR_RETRACTIONS = """
UPDATE row_retractions SET row_key = moves.new
FROM unnest(cast(:kinds AS text[]), cast(:former AS text[]), cast(:new AS text[])) AS moves (kind, former, new)
WHERE source = :source AND row_retractions.kind = moves.kind AND row_key = moves.former AND restored_at IS NULL
  AND NOT EXISTS (SELECT FROM row_retractions other WHERE other.source = :source AND other.kind = moves.kind
                  AND other.row_key = moves.new AND other.restored_at IS NULL)
"""
_NOTE_FILES = """
UPDATE raw_rows SET payload = payload || jsonb_build_object('file_name', moved.file_name)
FROM unnest(cast(:kinds AS text[]), cast(:keys AS text[]), cast(:files AS text[])) AS moved (kind, row_key, file_name)
WHERE source = :source AND raw_rows.kind = moved.kind AND raw_rows.row_key = moved.row_key
"""

_COUNT_RETRACTED = """
SELECT newest.kind, count(operator.id) AS by_operator, count(*) FILTER (WHERE operator.id IS NULL) AS by_source
FROM (SELECT DISTINCT ON (source, kind, row_key) * FROM raw_rows ORDER BY source, kind, row_key, id DESC) newest
LEFT JOIN row_retractions operator ON operator.source = newest.source AND operator.kind = newest.kind
    AND operator.row_key = newest.row_key AND operator.restored_at IS NULL
WHERE newest.source = ANY(:sources) AND (operator.id IS NOT NULL OR newest.retraction NOT LIKE :corrected)
GROUP BY newest.kind ORDER BY newest.kind
"""


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """What a source that publishes its whole content does not hold any more.

    Attributes:
        gone: Keys of stored rows that it does not hold.
        corrected: Key of the row that now stands for a row that is gone, or went earlier.
        days: Day of each row in ``corrected``, as it was last published.
        moved: Name of the file that holds a stored row now, of rows that stood in another one.
    """

    gone: frozenset[RowKey] = frozenset()
    corrected: Mapping[RowKey, str] = field(default_factory=dict)
    days: Mapping[RowKey, str] = field(default_factory=dict)
    moved: Mapping[RowKey, str] = field(default_factory=dict)


def compare_content(connection: Connection, source: SourceName, content: SourceContent) -> SourceChanges:
    """Find the stored rows that a source does not hold any more, and the rows that correct them.

    A row of a file that is gone as a whole stays: old files may be moved away. An announced match that began before
    today stays: a list of matches to come forgets them.

    Args:
        connection: PostgreSQL.
        source: The source.
        content: Everything that it holds.
    """
    states = connection.execute(text(_SELECT_STATES), {"source": source.value}).all()
    days = {(RowKind(row.kind), row.row_key): row.day or "" for row in states}
    elsewhere = {
        (RowKind(row.kind), row.row_key) for row in states if row.file_name and row.file_name not in content.files
    }
    retracted = {(RowKind(row.kind), row.row_key): row.retraction for row in states if row.retraction}
    gone = {
        key
        for key in days.keys() - retracted.keys() - content.keys - elsewhere
        if key[0] is not RowKind.FIXTURE or days[key] >= content.today.isoformat()
    }
    former = gone | {key for key, retraction in retracted.items() if retraction == GONE and key not in content.keys}
    corrected: dict[RowKey, str] = {}
    for kind, frame in content.frames.items():
        keys = [row_key for of_kind, row_key in former if of_kind is kind and not row_key.startswith(LINE_KEY)]
        new = frame[[(kind, row_key) not in days or (kind, row_key) in retracted for row_key in frame["row_key"]]]
        if keys and len(new):
            matched = match_corrections(_newest_payloads(connection, source, kind, keys), new, kind)
            corrected |= {(kind, row_key): successor for row_key, successor in matched.items()}
    files = {(RowKind(row.kind), row.row_key): row.file_name for row in states}
    moved = {
        (kind, row_key): file_name
        for kind, frame in content.frames.items()
        if "file_name" in frame
        for row_key, file_name in zip(frame["row_key"], frame["file_name"], strict=True)
        if files.get((kind, row_key), file_name) != file_name
    }
    return SourceChanges(frozenset(gone), corrected, {key: days[key] for key in corrected}, moved)


def _newest_payloads(connection: Connection, source: SourceName, kind: RowKind, keys: Sequence[str]) -> pd.DataFrame:
    parameters = {"source": source.value, "kind": kind.value, "keys": keys}
    rows = connection.execute(text(_SELECT_PAYLOADS), parameters)
    return pd.DataFrame([{**row.payload, "row_key": row.row_key} for row in rows])


def refuse_losses(connection: Connection, source: SourceName, content: SourceContent, changes: SourceChanges) -> None:
    """Raise an error if a source has lost so many rows that its files are probably incomplete.

    Corrected rows are not lost. Of kinds whose corrections are not recognised, new rows make up for lost ones.
    Announced matches may always go: they return under their old ids.

    Raises:
        SourceError: If more than 25 rows of a kind are lost, or two rows or more and all of a kind.
    """
    query = text(f"SELECT kind, count(*) FROM ({_SELECT_STATES}) AS newest WHERE retraction IS NULL GROUP BY kind")  # noqa: S608
    stored = {RowKind(kind): n for kind, n in connection.execute(query, {"source": source.value})}
    lost = Counter(
        kind for kind, row_key in changes.gone - changes.corrected.keys() if not row_key.startswith(LINE_KEY)
    )
    held = Counter(kind for kind, _ in content.keys)
    for kind in sorted(lost.keys() - {RowKind.FIXTURE}):
        n_lost = lost[kind] if kind in CORRECTABLE else min(lost[kind], stored[kind] - held[kind])
        all_are_lost = n_lost > 1 and not held[kind]
        if all_are_lost or n_lost > MAX_LOST_ROWS:
            raise SourceError(
                f"{n_lost:,} of {stored[kind]:,} stored {kind} rows are no longer in the source {source}: nothing is "
                "landed, as its files may be incomplete. Restore the files, or confirm that the rows are to be "
                "retracted: cs2 ingest --accept-removed-rows"
            )


def retract_rows(connection: Connection, source: SourceName, reasons: Mapping[RowKey, str]) -> int:
    """Retract rows of a source: append a version with the reason. Rows that are retracted already stay as they are.

    Args:
        connection: PostgreSQL.
        source: The source that does not have the rows any more.
        reasons: Why, by kind and key of the row.

    Returns:
        Number of retracted rows.
    """
    if not reasons:
        return 0
    keys = sorted(reasons)
    parameters = {
        "source": source.value,
        "kinds": [kind.value for kind, _ in keys],
        "keys": [row_key for _, row_key in keys],
        "reasons": [reasons[key] for key in keys],
    }
    return connection.execute(text(_INSERT_RETRACTIONS), parameters).rowcount


def note_files(connection: Connection, source: SourceName, changes: SourceChanges) -> None:
    """Note in which file a stored row stands now: it is missed when that file does not hold it any more.

    Args:
        connection: PostgreSQL.
        source: The source.
        changes: The rows that moved.
    """
    if changes.moved:
        kinds, keys = zip(*changes.moved, strict=True)
        parameters = {"kinds": list(kinds), "keys": list(keys), "files": list(changes.moved.values())}
        connection.execute(text(_NOTE_FILES), {"source": source.value, **parameters})


def move_ids(
    connection: Connection, source: SourceName, changes: SourceChanges, frames: Mapping[RowKind, pd.DataFrame]
) -> None:
    """Give the ids of corrected rows, and an operator's retractions of them, to the rows that stand for them now.

    Args:
        connection: PostgreSQL.
        source: The source of the rows.
        changes: The corrected rows.
        frames: The rows that the source publishes.
    """
    if not changes.corrected:
        return
    days = {
        (kind, row_key): day
        for kind, frame in frames.items()
        for row_key, day in zip(frame["row_key"], frame["date"], strict=True)
    }
    moves = []
    for (kind, former), new in changes.corrected.items():
        one, other = f"{source.value}:{former}", f"{source.value}:{new}"
        if kind is RowKind.MAP:
            moves += [("map_results", one, other), ("series", f"maps:{one}", f"maps:{other}")]
        elif kind is RowKind.SERIES:
            moves.append(("series", f"series:{one}", f"series:{other}"))
        elif kind is RowKind.STANDING:
            moves.append(("standings", f"{changes.days[kind, former]} {one}", f"{days[kind, new]} {other}"))
    results, former_keys, new_keys = map(list, zip(*moves, strict=True))
    connection.execute(text(_MOVE_IDS), {"results": results, "former": former_keys, "new": new_keys})
    parameters = {
        "source": source.value,
        "kinds": [kind.value for kind, _ in changes.corrected],
        "former": [row_key for _, row_key in changes.corrected],
        "new": list(changes.corrected.values()),
    }
    connection.execute(text(_MOVE_OPERATOR_RETRACTIONS), parameters)


def count_retracted(connection: Connection, sources: Sequence[str]) -> dict[str, int]:
    """Count the retracted rows of each kind: those that an operator retracted, and those that their source lost.

    A corrected row is not counted: it is stored as the row that it was corrected to.
    """
    rows = connection.execute(text(_COUNT_RETRACTED), {"sources": list(sources), "corrected": f"{CORRECTED}%"})
    return {
        f"{row.kind}_rows_retracted_by_{name}": number
        for row in rows
        for name, number in (("operator", row.by_operator), ("source", row.by_source))
        if number
    }


def reasons_of(changes: SourceChanges) -> dict[RowKey, str]:
    """Return why each row that is gone is retracted."""
    return {
        (kind, row_key): f"{CORRECTED}{changes.corrected[kind, row_key]}"
        if (kind, row_key) in changes.corrected
        else GONE
        for kind, row_key in changes.gone
    }


def reasons_of_withdrawn(withdrawn: Mapping[RowKind, pd.DataFrame]) -> dict[RowKey, str]:
    """Return why each row that a source takes back is retracted."""
    return {
        (kind, row_key): reason
        for kind, frame in withdrawn.items()
        for row_key, reason in zip(frame["row_key"], frame[WITHDRAWN], strict=True)
    }


def replacements(changes: SourceChanges, content: SourceContent) -> dict[RowKind, pd.DataFrame]:
    """Return the rows that correct others. They land together with the retractions, whatever their month."""
    keys: dict[RowKind, set[str]] = defaultdict(set)
    for (kind, _), successor in changes.corrected.items():
        keys[kind].add(successor)
    return {kind: content.frames[kind][content.frames[kind]["row_key"].isin(of_kind)] for kind, of_kind in keys.items()}


def combined(frames: Iterable[Mapping[RowKind, pd.DataFrame]]) -> dict[RowKind, pd.DataFrame]:
    """Return every row once."""
    parts: dict[RowKind, list[pd.DataFrame]] = defaultdict(list)
    for each in frames:
        for kind, frame in each.items():
            parts[kind].append(frame)
    return {
        kind: pd.concat(of_kind).drop_duplicates("row_key") if len(of_kind) > 1 else of_kind[0]
        for kind, of_kind in parts.items()
    }
