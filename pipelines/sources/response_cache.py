"""Responses of HTTP interfaces in PostgreSQL, exactly as received, and the state of polling them.

Rows are parsed from the stored responses. When a field changes its name or type, parsing stops and storing does not:
after a fix, no response has to be fetched a second time.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Text, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from cs2.storage.tables import SourceResponse, SourceState
from pipelines.sources.poll_state import PollState

_STATE_COLUMNS = [getattr(SourceState, field.name) for field in fields(PollState)]


class ResponseCache:
    """Responses and state of one source. A newer response replaces the older one of the same kind and key.

    Args:
        database_url: PostgreSQL.
        source: Whose responses.
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

    def store(self, kind: str, responses: Iterable[tuple[int, Any]], *, cursor: str | None = None) -> None:
        """Store responses by key and move the cursor, in one transaction.

        Args:
            kind: What was requested.
            responses: Key and response. An unchanged response keeps its time of arrival.
            cursor: Where to continue the fetch; None leaves the stored cursor as it is.
        """
        rows = [{"source": self.source, "kind": kind, "key": key, "payload": payload} for key, payload in responses]
        with self._transaction() as connection:
            if rows:
                connection.execute(_UPSERT_RESPONSE, rows)
            if cursor is not None:
                self._update_state(connection, {"cursor": cursor})

    def load(self, kind: str) -> list[tuple[int, Any]]:
        """Return key and response of every response of a kind, by key."""
        query = (
            select(SourceResponse.key, SourceResponse.payload)
            .where(SourceResponse.source == self.source, SourceResponse.kind == kind)
            .order_by(SourceResponse.key)
        )
        with self._transaction() as connection:
            return [(key, payload) for key, payload in connection.execute(query)]

    def load_keys(self, kind: str) -> set[int]:
        """Return the keys of the stored responses of a kind."""
        query = select(SourceResponse.key).where(SourceResponse.source == self.source, SourceResponse.kind == kind)
        with self._transaction() as connection:
            return set(connection.scalars(query))

    def version(self) -> str:
        """Identify the stored responses: the text changes whenever a response does."""
        query = select(func.count(), func.max(SourceResponse.fetched_at)).where(SourceResponse.source == self.source)
        with self._transaction() as connection:
            count, newest = connection.execute(query).one()
        return f"{count} responses through {newest}"

    def load_cursor(self) -> str | None:
        """Return where to continue the fetch, in the source's own terms. None before the first response."""
        with self._transaction() as connection:
            return connection.scalar(select(SourceState.cursor).where(SourceState.source == self.source))

    def load_state(self) -> PollState:
        """Return the state of polling; that of a new source if there is none."""
        with self._transaction() as connection:
            row = connection.execute(select(*_STATE_COLUMNS).where(SourceState.source == self.source)).one_or_none()
        return PollState() if row is None else PollState(*row)

    def store_state(self, state: PollState) -> None:
        """Store the state of polling; the cursor stays as it is."""
        with self._transaction() as connection:
            self._update_state(connection, asdict(state))

    def _update_state(self, connection: Connection, columns: dict[str, Any]) -> None:
        statement = insert(SourceState).values(source=self.source, **columns)
        connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=columns))


_NEW_RESPONSE = insert(SourceResponse)
_UPSERT_RESPONSE = _NEW_RESPONSE.on_conflict_do_update(
    index_elements=["source", "kind", "key"],
    set_={"payload": _NEW_RESPONSE.excluded.payload, "fetched_at": func.now()},
    where=cast(SourceResponse.payload, Text) != cast(_NEW_RESPONSE.excluded.payload, Text),
)
