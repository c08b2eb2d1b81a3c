"""Sources behind an HTTP interface: fetch in short steps, store responses as received, parse the stored ones."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from cs2.settings import SourceName
from pipelines.sources.base import WITHDRAWN, PublishedRows, RowKind, SourceError
from pipelines.sources.http import JsonApi, RetryLaterError
from pipelines.sources.poll_state import PollState
from pipelines.sources.response_cache import ResponseCache

STEP_SECONDS = 15.0
"""Longest time that one poll fetches. The next poll continues where it ended."""

UNEXPECTED = "unexpected"
"""Kind of the newest response whose outer structure was not recognised."""


class ResponseModel(BaseModel):
    """Fields of a response that are read. They must keep their name and type; other fields may come and go."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


AnyResponse = TypeVar("AnyResponse", bound=ResponseModel)


def parse_response(model: type[AnyResponse], response: Any, origin: str) -> AnyResponse:
    """Parse a response.

    Args:
        model: The fields that are read.
        response: Decoded JSON.
        origin: Names the response in messages.

    Raises:
        SourceError: If a field is missing or has another type; names the field and its value.
    """
    try:
        return model.model_validate(response)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "(whole response)"
        value = "" if first["type"] == "missing" else f", got {first['input']!r:.80}"
        raise SourceError(
            f"{origin}: field {field}: {first['msg']}{value}; the response is stored as received"
        ) from error


def collect_rows(rows: Iterable[tuple[RowKind, dict[str, str]]]) -> PublishedRows:
    """Collect rows into one frame per kind. A row with the field ``withdrawn`` is one that the source takes back."""
    published: dict[RowKind, list[dict[str, str]]] = {}
    withdrawn: dict[RowKind, list[dict[str, str]]] = {}
    for kind, row in rows:
        (withdrawn if WITHDRAWN in row else published).setdefault(kind, []).append(row)
    return PublishedRows(_frames(published), withdrawn=_frames(withdrawn))


def _frames(rows_by_kind: dict[RowKind, list[dict[str, str]]]) -> dict[RowKind, pd.DataFrame]:
    return {kind: pd.DataFrame(rows, dtype=str).fillna("") for kind, rows in rows_by_kind.items()}


class IncrementalSource(ABC):
    """A source that is fetched step by step and read from stored responses.

    Args:
        cache: The stored responses and the state of polling.
        connect: Makes the client.
        pause_seconds: Pause between polls once everything is fetched.
        now: Reads the clock, in UTC.
    """

    name: SourceName

    def __init__(
        self,
        cache: ResponseCache,
        connect: Callable[[], JsonApi],
        *,
        pause_seconds: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.cache = cache
        self.connect = connect
        self.pause = timedelta(seconds=pause_seconds)
        self.now = now

    @abstractmethod
    def fetch(self, api: JsonApi) -> Iterator[None]:
        """Fetch what is new. Yield after each stored response, so that the next poll can continue from there."""

    @abstractmethod
    def rows(self, today: date) -> Iterable[tuple[RowKind, dict[str, str]]]:
        """Rows of all stored responses up to ``today``, and those that the source takes back."""

    def poll(self) -> None:
        """Fetch for at most ``STEP_SECONDS``, where a poll is due.

        Raises:
            SourceError: If the last poll failed, now or earlier.
        """
        with self.cache.connected():
            state = self.cache.load_state()
            if state.is_due(self.now()):
                state = self._next_state(state)
                self.cache.store_state(state)
        if state.problem is not None:
            raise SourceError(state.problem)

    def fingerprint(self, today: date) -> str | None:
        """Identify the stored responses and the day. None while they are incomplete."""
        return f"{self.cache.version()}; {today.isoformat()}" if self.cache.load_state().is_readable else None

    def published(self, today: date) -> PublishedRows:
        """Return the rows of the responses stored so far.

        Raises:
            SourceError: If a field of a response changed its name or type.
        """
        return collect_rows(self.rows(today))

    def store_unexpected(self, path: str, response: Any, problem: str) -> SourceError:
        """Store a response whose structure was not recognised, and return the error to raise."""
        self.cache.store(UNEXPECTED, [(0, {"path": path, "answer": response})])
        return SourceError(f"{self.name} {path}: {problem}; the response is stored as received")

    def _next_state(self, state: PollState) -> PollState:
        """Fetch one step. Return the state after it."""
        try:
            is_complete = self._fetch_step()
        except SourceError as error:
            wait = timedelta(seconds=error.wait) if isinstance(error, RetryLaterError) else self.pause
            return state.after_failure(str(error), self.now(), max(wait, self.pause))
        after = state.after_complete_fetch if is_complete else state.after_partial_fetch
        return after(self.now(), self.pause)

    def _fetch_step(self) -> bool:
        """Fetch until everything is fetched or the time is over. Return whether everything is fetched."""
        end = time.monotonic() + STEP_SECONDS
        with self.connect() as api:
            for _ in self.fetch(api):
                if time.monotonic() > end:
                    return False
        return True
