"""Stored rows as an operator sees them: list, retract, restore."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from pipelines.etl.retractions import CORRECTED
from pipelines.sources.base import RowKind

_NEWEST = """
SELECT newest.id, newest.source, newest.kind, newest.row_key, newest.payload, newest.retraction, newest.arrived_at,
    operator.reason, operator.retracted_by, operator.retracted_at, rejected_rows.reasons, map_results.id AS result_id
FROM (SELECT DISTINCT ON (source, kind, row_key) * FROM raw_rows ORDER BY source, kind, row_key, id DESC) newest
LEFT JOIN row_retractions operator ON operator.source = newest.source AND operator.kind = newest.kind
    AND operator.row_key = newest.row_key AND operator.restored_at IS NULL
LEFT JOIN rejected_rows ON raw_row_id = newest.id
LEFT JOIN map_results ON newest.kind = 'map' AND natural_key = newest.source || ':' || newest.row_key
"""
_CONDITIONS = {
    "source": "newest.source = :source",
    "kind": "newest.kind = :kind",
    "day": "newest.payload->>'date' = :day",
    "words": "concat_ws(' ', newest.payload->>'team1', newest.payload->>'team2', newest.payload->>'team',"
    " newest.payload->>'player', newest.payload->>'map', newest.payload->>'event') ILIKE :words",
    "result_id": "map_results.id = :result_id",
    "reason": "rejected_rows.reasons::text ILIKE :reason",
    "retracted": "(newest.retraction IS NOT NULL OR operator.id IS NOT NULL) = :retracted",
    "rejected": "(rejected_rows.raw_row_id IS NOT NULL) = :rejected",
}

_NOT_CORRECTED = "coalesce(newest.retraction, '') NOT LIKE :corrected"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """Newest version of a row of a source, and what became of it.

    Attributes:
        id: Id of the version in ``raw_rows``.
        source: Source.
        kind: Kind of the row.
        row_key: Identifies the row within source and kind.
        payload: The published columns.
        retraction: Why the source does not have the row any more, or None.
        arrived_at: When the version arrived.
        reason: Why an operator has retracted the row, or None.
        retracted_by: The operator.
        retracted_at: When the operator retracted it.
        reasons: Why the row is rejected, or None.
        result_id: Id of the map result, or None.
    """

    id: int
    source: str
    kind: RowKind
    row_key: str
    payload: dict[str, Any]
    retraction: str | None
    arrived_at: datetime
    reason: str | None
    retracted_by: str | None
    retracted_at: datetime | None
    reasons: Sequence[str] | None
    result_id: int | None

    @property
    def day(self) -> str:
        """Day as published."""
        return str(self.payload.get("date", ""))

    @property
    def place(self) -> str | None:
        """File and line where the row stood when it was read; None for a row of no file."""
        name, line = self.payload.get("file_name"), self.payload.get("line_number")
        return f"{name}:{line}" if name else None

    @property
    def title(self) -> str:
        """What the row is about, in words; the text of a line that is no row."""
        names = [self.payload[name] for name in ("team1", "team2", "team", "player") if self.payload.get(name)]
        parts = [" - ".join(names[:2]), *names[2:], self.payload.get("map"), self.payload.get("event")]
        return ", ".join(str(part) for part in parts if part) or str(self.payload.get("line_text", ""))

    @property
    def state(self) -> str:
        """Whether the row is used, and the reason if it is not."""
        if self.reason is not None:
            return f"retracted by {self.retracted_by}: {self.reason}"
        if self.retraction is not None:
            return f"retracted: {self.retraction}"
        return f"rejected: {'; '.join(self.reasons)}" if self.reasons else "used"


def find_rows(connection: Connection, *, limit: int, **conditions: object) -> list[StoredRow]:
    """Find the newest versions of rows, the newest day first. A corrected row is found as what it was corrected to.

    Args:
        connection: PostgreSQL.
        limit: Most rows to return.
        conditions: Values by name (``source``, ``kind``, ``day``, ``words``, ``result_id``, ``reason``, ``retracted``,
            ``rejected``); one that is None does not restrict.
    """
    given = {name: value for name, value in conditions.items() if value is not None}
    where = " AND ".join([_NOT_CORRECTED, *(_CONDITIONS[name] for name in given)])
    parameters = {name: f"%{value}%" if name in ("words", "reason") else value for name, value in given.items()}
    query = f"{_NEWEST} WHERE {where} ORDER BY newest.payload->>'date' DESC NULLS LAST, newest.id DESC LIMIT :limit"
    rows = connection.execute(text(query), {**parameters, "limit": limit, "corrected": f"{CORRECTED}%"}).mappings()
    return [StoredRow(**{**row, "kind": RowKind(row["kind"])}) for row in rows]


def get_row(connection: Connection, row_id: int) -> StoredRow | None:
    """Return the newest version of the row that has a version with this id, or of the row that it was corrected to."""
    version = connection.execute(text("SELECT source, kind, row_key FROM raw_rows WHERE id = :id"), {"id": row_id})
    key = version.mappings().one_or_none()
    if key is None:
        return None
    row = _newest(connection, **key)
    seen = {row.row_key}
    while row.retraction and row.retraction.startswith(CORRECTED):
        successor = row.retraction.removeprefix(CORRECTED)
        if successor in seen:  # it was corrected back and forth, and is gone now
            break
        seen.add(successor)
        row = _newest(connection, source=row.source, kind=row.kind.value, row_key=successor)
    return row


def _newest(connection: Connection, *, source: str, kind: str, row_key: str) -> StoredRow:
    query = f"{_NEWEST} WHERE newest.source = :source AND newest.kind = :kind AND newest.row_key = :row_key"
    parameters = {"source": source, "kind": kind, "row_key": row_key}
    row = connection.execute(text(query), parameters).mappings().one()
    return StoredRow(**{**row, "kind": RowKind(row["kind"])})


def retract(connection: Connection, row: StoredRow, reason: str, operator: str) -> bool:
    """Retract a row until it is restored, whatever its source publishes. Return False if it is retracted already."""
    inserted = connection.execute(
        text(
            "INSERT INTO row_retractions (source, kind, row_key, reason, retracted_by)"
            " VALUES (:source, :kind, :row_key, :reason, :operator)"
            " ON CONFLICT (source, kind, row_key) WHERE restored_at IS NULL DO NOTHING"
        ),
        {**_key(row), "reason": reason, "operator": operator},
    )
    return inserted.rowcount == 1


def restore(connection: Connection, row: StoredRow, operator: str) -> bool:
    """Undo :func:`retract`. Return False if no operator has retracted the row."""
    updated = connection.execute(
        text(
            "UPDATE row_retractions SET restored_by = :operator, restored_at = now()"
            " WHERE source = :source AND kind = :kind AND row_key = :row_key AND restored_at IS NULL"
        ),
        {**_key(row), "operator": operator},
    )
    return updated.rowcount == 1


def _key(row: StoredRow) -> dict[str, str]:
    return {"source": row.source, "kind": row.kind.value, "row_key": row.row_key}
