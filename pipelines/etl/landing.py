"""Landing: store published rows as versions in ``raw_rows``, and retract those that a source does not hold any more.

Every function runs in the transaction of its caller.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
import pandas as pd
from sqlalchemy import Connection, text

from cs2.settings import SourceName
from pipelines.etl.pg_copy import copy_rows
from pipelines.etl.retractions import (
    SourceChanges,
    combined,
    compare_content,
    move_ids,
    note_files,
    reasons_of,
    reasons_of_withdrawn,
    refuse_losses,
    replacements,
    retract_rows,
)
from pipelines.sources.base import POSITION_COLUMNS, PublishedRows, RowKind

_LANDING_LOCK = 7_201

_CREATE_LANDING = """
CREATE TEMPORARY TABLE landing (kind text, month date, row_key text, content_hash text, payload jsonb) ON COMMIT DROP
"""
_INSERT_CHANGED = """
INSERT INTO raw_rows (source, kind, month, row_key, content_hash, payload)
SELECT :source, landing.kind, landing.month, landing.row_key, landing.content_hash, landing.payload
FROM landing LEFT JOIN (
    SELECT DISTINCT ON (kind, row_key) kind, row_key, content_hash, retraction FROM raw_rows
    WHERE source = :source ORDER BY kind, row_key, id DESC
) newest USING (kind, row_key)
WHERE newest.content_hash IS DISTINCT FROM landing.content_hash OR newest.retraction IS NOT NULL
ORDER BY landing.month, landing.kind, landing.row_key
"""
_SELECT_REJECTED = """
SELECT id, kind, row_key, payload->>'file_name' AS file_name, payload->>'line_number' AS line_number
FROM raw_rows JOIN rejected_rows ON raw_row_id = id WHERE source = :source
"""


@dataclass(frozen=True, slots=True)
class LandingCounts:
    """Counts of one landing.

    Attributes:
        seen: Published rows.
        landed: Those of them that were new or had changed.
        retracted: Rows that the source does not hold any more.
        corrected: Those of them that another row now stands for.
    """

    seen: int
    landed: int
    retracted: int = 0
    corrected: int = 0


def land(
    connection: Connection, source: SourceName, published: PublishedRows, *, accept_losses: bool = False
) -> LandingCounts:
    """Append every published row whose newest stored version is missing or differs, and retract those that are gone.

    Rows are gone if the source publishes its whole content and does not hold them. An advisory lock serialises
    landings: two at once would store a version twice.

    Args:
        connection: PostgreSQL.
        source: The source that published the rows.
        published: The rows.
        accept_losses: Whether to retract however many rows are gone.

    Raises:
        SourceError: If the source has lost so many rows that its files are probably incomplete.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LANDING_LOCK})
    frames, changes = published.frames, SourceChanges()
    if published.content is not None:
        changes = compare_content(connection, source, published.content)
        if not accept_losses:
            refuse_losses(connection, source, published.content, changes)
        if changes.corrected:
            frames = combined([frames, replacements(changes, published.content)])
    connection.execute(text(_CREATE_LANDING))
    versions = [version for kind, frame in frames.items() for version in _versions(kind, frame)]
    copy_rows(connection, "landing", ["kind", "month", "row_key", "content_hash", "payload"], versions)
    result = connection.execute(text(_INSERT_CHANGED), {"source": source.value})
    connection.execute(text("DROP TABLE landing"))
    retracted = retract_rows(connection, source, reasons_of(changes))
    retracted += retract_rows(connection, source, reasons_of_withdrawn(published.withdrawn))
    move_ids(connection, source, changes, frames)
    note_files(connection, source, changes)
    corrected = len(changes.gone & changes.corrected.keys())
    return LandingCounts(len(versions), result.rowcount, retracted, corrected)


def _versions(kind: RowKind, frame: pd.DataFrame) -> list[tuple[str, str, str, str, str]]:
    """Return kind, month, key, hash and payload of each row. The hash leaves out where the row stands in its file."""
    contents = frame.drop(columns=["row_key", "month"]).to_dict("records")
    versions = []
    for month, key, content in zip(frame["month"], frame["row_key"], contents, strict=True):
        values = {name: storable(value) for name, value in content.items() if value}
        position = {name: values.pop(name) for name in POSITION_COLUMNS if name in values}
        payload = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(payload).hexdigest()
        versions.append((kind.value, month, storable(key), digest, orjson.dumps(values | position).decode()))
    return versions


def storable(value: str) -> str:
    """Return a text that PostgreSQL can store: NUL becomes U+FFFD."""
    return value.replace("\x00", "\ufffd")


def update_positions(connection: Connection, source: SourceName, frames: Mapping[RowKind, pd.DataFrame]) -> int:
    """Note where the rejected rows of a source stand in its files now. Return how many have moved.

    A row that only moved is no new version, so that its stored position ages; only a rejection shows it.

    Args:
        connection: PostgreSQL.
        source: The source that published the rows.
        frames: All rows of the source.
    """
    moved = []
    rejected = connection.execute(text(_SELECT_REJECTED), {"source": source.value}).all()
    for kind, frame in frames.items():
        stored = {row.row_key: row for row in rejected if row.kind == kind}
        if not stored or not set(POSITION_COLUMNS) <= set(frame):
            continue
        rows = frame[frame["row_key"].isin(stored.keys())]
        for key, *position in rows[["row_key", *POSITION_COLUMNS]].itertuples(index=False, name=None):
            if position != [stored[key].file_name, stored[key].line_number]:
                changed = dict(zip(POSITION_COLUMNS, position, strict=True))
                moved.append({"id": stored[key].id, "position": orjson.dumps(changed).decode()})
    if moved:
        connection.execute(
            text("UPDATE raw_rows SET payload = payload || cast(:position AS jsonb) WHERE id = :id"), moved
        )
    return len(moved)
