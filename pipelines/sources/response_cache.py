"""Responses of HTTP interfaces in PostgreSQL, exactly as received, and the state of polling them.

Rows are parsed from the stored responses. When a field changes its name or type, parsing stops and storing does not:
after a fix, no response has to be fetched a second time.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Text, cast, delete, func, select
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
        self._engine: Engine | None = None

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Use one connection for all statements of the block."""
        if self._engine is not None:
            yield
            return
        self._engine = make_engine(self.database_url)
        try:
            yield
        finally:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Hold a lock on a task of this source until the block ends, or its process.

        Yields:
            Whether the lock is held. False: another process holds it.
        """
        engine = make_engine(self.database_url)
        try:
            with engine.connect() as connection:
                key = func.hashtext(f"{self.source} {name}")
                yield bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        finally:
            engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self.connected():
            assert self._engine is not None
            with self._engine.begin() as connection:
                yield connection

    def store(
        self,
        kind: str,
        responses: Iterable[tuple[int, Any]],
        *,
        cursor: str | None = None,
        days: Mapping[int, date] | None = None,
    ) -> None:
        """Store responses by key and move the cursor, in one transaction.

        Args:
            kind: What was requested.
            responses: Key and response. An unchanged response keeps its time of arrival.
            cursor: Where to continue the fetch; None leaves the stored cursor as it is.
            days: Day that a response is about, by key, for sources that are read month by month.
        """
        known_days = days or {}
        rows = [
            {"source": self.source, "kind": kind, "key": key, "payload": payload, "day": known_days.get(key)}
            for key, payload in responses
        ]
        with self._transaction() as connection:
            if rows:
                connection.execute(_UPSERT_RESPONSE, rows)
            if cursor is not None:
                self._update_state(connection, {"cursor": cursor})

    def load(
        self, kind: str, *, since: date | None = None, before: date | None = None, keys: Collection[int] | None = None
    ) -> list[tuple[int, Any]]:
        """Return key and response of every response of a kind, by key.

        Args:
            kind: What was requested.
            since: First day; None: from the beginning.
            before: Day after the last one; None: to the end.
            keys: Keys of the responses; None: all.
        """
        query = (
            select(SourceResponse.key, SourceResponse.payload)
            .where(*self._selection((kind,), since, before))
            .order_by(SourceResponse.key)
        )
        if keys is not None:
            query = query.where(SourceResponse.key == func.any(list(keys)))
        with self._transaction() as connection:
            return [(key, payload) for key, payload in connection.execute(query)]

    def load_keys(self, *kinds: str, since: date | None = None) -> set[int]:
        """Return the keys of the stored responses of some kinds."""
        query = select(SourceResponse.key).where(*self._selection(kinds, since))
        with self._transaction() as connection:
            return set(connection.scalars(query))

    def delete(self, kind: str, *, since: date) -> None:
        """Delete the responses of a kind about a day and those after it."""
        with self._transaction() as connection:
            connection.execute(delete(SourceResponse).where(*self._selection((kind,), since)))

    def version(self, *kinds: str, since: date | None = None) -> str:
        """Identify the stored responses: the text changes whenever a response does.

        Args:
            kinds: Kinds of responses; none: all.
            since: First day; None: from the beginning.
        """
        query = select(func.count(), func.max(SourceResponse.fetched_at)).where(*self._selection(kinds, since))
        with self._transaction() as connection:
            count, newest = connection.execute(query).one()
        return f"{count} responses through {newest}"

    def versions_by_month(self, *kinds: str) -> dict[date, str]:
        """Identify the stored responses of each month, by its first day."""
        month = func.date_trunc("month", SourceResponse.day)
        query = (
            select(month, func.count(), func.max(SourceResponse.fetched_at))
            .where(*self._selection(kinds), SourceResponse.day.is_not(None))
            .group_by(month)
            .order_by(month)
        )
        with self._transaction() as connection:
            return {first.date(): f"{count};{newest}" for first, count, newest in connection.execute(query)}

    def _selection(
        self, kinds: Collection[str], since: date | None = None, before: date | None = None
    ) -> list[ColumnElement[bool]]:
        conditions = [SourceResponse.source == self.source]
        if kinds:
            conditions.append(SourceResponse.kind.in_(kinds))
        if since is not None:
            conditions.append(SourceResponse.day >= since)
        if before is not None:
            conditions.append(SourceResponse.day < before)
        return conditions

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
    set_={
        "payload": _NEW_RESPONSE.excluded.payload,
        "day": _NEW_RESPONSE.excluded.day,
        "fetched_at": func.now(),
    },
    where=cast(SourceResponse.payload, Text) != cast(_NEW_RESPONSE.excluded.payload, Text),
)
