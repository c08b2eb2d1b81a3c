"""The versions of published rows that count."""

NEWEST_ROWS = """
WITH versions AS (
    SELECT DISTINCT ON (source, kind, row_key) id, source, kind, row_key, payload, retraction,
        min(id) OVER (PARTITION BY source, kind, row_key) AS first_id
    FROM raw_rows ORDER BY source, kind, row_key, raw_rows.id DESC
), newest AS (
    SELECT * FROM versions WHERE retraction IS NULL AND NOT EXISTS (
        SELECT FROM row_retractions AS operator
        WHERE operator.source = versions.source AND operator.kind = versions.kind
          AND operator.row_key = versions.row_key AND operator.restored_at IS NULL)
)
"""
"""Common table expression ``newest``: the newest version of each row that neither its source nor an operator retracted.

``first_id`` is the id of the first version of the row.
"""
