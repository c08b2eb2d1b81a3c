"""What an interface answered, as it came, in one SQLite file: parsed anew whenever it is asked for, never asked twice.

A field that changes its name or type stops the parsing, not the keeping: nothing has to be fetched again afterwards.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

BUSY_SECONDS = 60.0
_TABLES = """
CREATE TABLE IF NOT EXISTS payloads (kind TEXT, key INTEGER, fetched_at REAL, payload BLOB, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT);
"""
_KEEP = """
INSERT INTO payloads VALUES (?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE
SET fetched_at = excluded.fetched_at, payload = excluded.payload WHERE payload <> excluded.payload
"""


class Payloads:
    """One source's answers, by kind and the source's own number; a newer answer replaces an older one."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that alone may write; all of it is kept at the end, or nothing."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.executescript(_TABLES)
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()

    def keep(self, kind: str, payloads: Iterable[tuple[int, Any]], **notes: str) -> None:
        """Keep answers and notes, together or not at all."""
        now = time.time()
        lines = [(kind, key, now, orjson.dumps(payload)) for key, payload in payloads]
        with self.transaction() as connection:
            connection.executemany(_KEEP, lines)
            connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", notes.items())

    def all(self, kind: str) -> list[tuple[int, Any]]:
        """Key and answer, by key."""
        with self.transaction() as connection:
            rows = connection.execute(
                "SELECT key, payload FROM payloads WHERE kind = ? ORDER BY key", (kind,)
            ).fetchall()
        return [(key, orjson.loads(payload)) for key, payload in rows]

    def version(self) -> str:
        """Changes with what is kept."""
        with self.transaction() as connection:
            n, newest = connection.execute("SELECT count(*), max(fetched_at) FROM payloads").fetchone()
        return f"{n} answers through {newest}"

    def keys(self, kind: str) -> set[int]:
        """Of which there is an answer."""
        with self.transaction() as connection:
            return {key for (key,) in connection.execute("SELECT key FROM payloads WHERE kind = ?", (kind,))}

    def note(self, name: str) -> str:
        """A note, or an empty text."""
        with self.transaction() as connection:
            found = connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""
