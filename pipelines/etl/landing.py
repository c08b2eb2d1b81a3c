"""Rows as published into ``raw_rows``, and back: a row lands again only where its content changed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import pandas as pd
from sqlalchemy import Connection, text

from cs2.settings import SourceName
from pipelines.etl.pg_copy import copy_rows
from pipelines.sources.base import PublishedRows, RowKind

_LANDING_LOCK = 7_201

_STAGE = """
CREATE TEMPORARY TABLE landing (kind text, month date, row_key text, content_hash text, payload jsonb) ON COMMIT DROP
"""
_LAND = """
INSERT INTO raw_rows (source, kind, month, row_key, content_hash, payload)
SELECT :source, landing.kind, landing.month, landing.row_key, landing.content_hash, landing.payload
FROM landing LEFT JOIN (
    SELECT DISTINCT ON (kind, row_key) kind, row_key, content_hash FROM raw_rows
    WHERE source = :source ORDER BY kind, row_key, id DESC
) newest USING (kind, row_key)
WHERE newest.content_hash IS DISTINCT FROM landing.content_hash
ORDER BY landing.month, landing.kind, landing.row_key
"""
_NEWEST = """
SELECT DISTINCT ON (source, kind, row_key) id, source, kind, row_key, payload,
    min(id) OVER (PARTITION BY source, kind, row_key) AS first_id
FROM raw_rows WHERE source = ANY(:sources) ORDER BY source, kind, row_key, id DESC
"""


@dataclass(frozen=True, slots=True)
class LandingCounts:
    """What a landing did: rows looked at, and rows that were new or changed."""

    seen: int
    landed: int


def land(connection: Connection, source: SourceName, published: PublishedRows) -> LandingCounts:
    """Add the rows whose newest version differs. Run inside a transaction; landings wait for each other.

    Args:
        connection: Of PostgreSQL, in a transaction.
        source: Where the rows come from.
        published: The rows.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LANDING_LOCK})
    connection.execute(text(_STAGE))
    lines = [line for kind, frame in published.frames.items() for line in _lines(kind, frame)]
    copy_rows(connection, "landing", ["kind", "month", "row_key", "content_hash", "payload"], lines)
    result = connection.execute(text(_LAND), {"source": source.value})
    return LandingCounts(seen=len(lines), landed=result.rowcount)


def _lines(kind: RowKind, frame: pd.DataFrame) -> list[tuple[str, str, str, str, str]]:
    content = frame.drop(columns=["row_key", "month"]).to_dict("records")
    lines = []
    for month, key, row in zip(frame["month"], frame["row_key"], content, strict=True):
        payload = orjson.dumps({name: value for name, value in row.items() if value}, option=orjson.OPT_SORT_KEYS)
        lines.append((kind.value, month, key, hashlib.sha256(payload).hexdigest(), payload.decode()))
    return lines


def newest_rows(connection: Connection, sources: Sequence[SourceName]) -> dict[RowKind, pd.DataFrame]:
    """The newest version of every row, by its id in ``raw_rows``, in an order that does not tell when it landed.

    Two sources may count from 1 alike: ``row_key`` begins with the source. ``source_rank`` is its place in ``sources``.
    Matches to come carry their source, and as ``first_id`` the id of their first version: it stays.
    """
    ranks = {name.value: rank for rank, name in enumerate(sources)}
    rows = connection.execute(text(_NEWEST), {"sources": list(ranks)}).all()
    frames = {}
    for kind in RowKind:
        mine = [row for row in rows if row.kind == kind]
        if mine:
            frame = pd.DataFrame([row.payload for row in mine], index=[row.id for row in mine]).fillna("")
            frame["source_rank"] = [ranks[row.source] for row in mine]
            if kind is RowKind.FIXTURE:
                frame = frame.assign(source=[row.source for row in mine], first_id=[row.first_id for row in mine])
            frame["row_key"] = [f"{row.source}:{row.row_key}" for row in mine]
            frames[kind] = frame.sort_values(["date", "row_key"], kind="stable")
    return frames
