"""What an interface answered, as it came, in PostgreSQL: parsed anew whenever it is asked for, never asked twice.

A field that changes its name or type stops the parsing, not the keeping: nothing has to be fetched again afterwards.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Text, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from cs2.storage.tables import SourceResponse, SourceState

_ANSWER = insert(SourceResponse)
_KEEP = _ANSWER.on_conflict_do_update(
    index_elements=["source", "kind", "key"],
    set_={"payload": _ANSWER.excluded.payload, "fetched_at": func.now()},
    where=cast(SourceResponse.payload, Text) != cast(_ANSWER.excluded.payload, Text),
)
_NOTE = insert(SourceState)
_TAKE_NOTE = _NOTE.on_conflict_do_update(index_elements=["source", "name"], set_={"value": _NOTE.excluded.value})


class ResponseCache:
    """One source's answers, by kind and the source's own number; a newer answer replaces an older one.

    Args:
        database_url: PostgreSQL.
        source: Whose answers.
    """

    def __init__(self, database_url: str, source: SourceName) -> None:
        self.database_url = database_url
        self.source = source.value

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        engine = make_engine(self.database_url)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def keep(self, kind: str, payloads: Iterable[tuple[int, Any]], **notes: str) -> None:
        """Keep answers and notes, together or not at all."""
        answers = [{"source": self.source, "kind": kind, "key": key, "payload": payload} for key, payload in payloads]
        told = [{"source": self.source, "name": name, "value": value} for name, value in notes.items()]
        with self._transaction() as connection:
            if answers:
                connection.execute(_KEEP, answers)
            if told:
                connection.execute(_TAKE_NOTE, told)

    def all(self, kind: str) -> list[tuple[int, Any]]:
        """Key and answer, by key."""
        wanted = (
            select(SourceResponse.key, SourceResponse.payload)
            .where(SourceResponse.source == self.source, SourceResponse.kind == kind)
            .order_by(SourceResponse.key)
        )
        with self._transaction() as connection:
            return [(key, payload) for key, payload in connection.execute(wanted)]

    def version(self) -> str:
        """Changes with what is kept."""
        seen = select(func.count(), func.max(SourceResponse.fetched_at)).where(SourceResponse.source == self.source)
        with self._transaction() as connection:
            n, newest = connection.execute(seen).one()
        return f"{n} answers through {newest}"

    def keys(self, kind: str) -> set[int]:
        """Of which there is an answer."""
        wanted = select(SourceResponse.key).where(SourceResponse.source == self.source, SourceResponse.kind == kind)
        with self._transaction() as connection:
            return set(connection.scalars(wanted))

    def note(self, name: str) -> str:
        """A note, or an empty text."""
        wanted = select(SourceState.value).where(SourceState.source == self.source, SourceState.name == name)
        with self._transaction() as connection:
            return connection.scalar(wanted) or ""
