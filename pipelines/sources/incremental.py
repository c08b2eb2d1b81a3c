"""What sources behind an HTTP interface have in common: fetch in small steps, keep as it came, parse what is kept."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from cs2.settings import SourceName
from pipelines.sources.base import PublishedRows, RowKind, SourceError
from pipelines.sources.http import JsonApi, RetryLaterError
from pipelines.sources.response_cache import ResponseCache

STEP_SECONDS = 15.0
"""A look fetches for so long at most; the next one goes on where it ended."""


class ResponseModel(BaseModel):
    """Fields of an answer that are read: they keep their name and type, or the source stops. Others come and go."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


AnyResponse = TypeVar("AnyResponse", bound=ResponseModel)


def parse_response(shape: type[AnyResponse], payload: Any, what: str) -> AnyResponse:
    """Read an answer.

    Raises:
        SourceError: If a field has another name or type; with its name, what was there, and whose it is.
    """
    try:
        return shape.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "(all of it)"
        found = "" if first["type"] == "missing" else f", found {first['input']!r:.80}"
        raise SourceError(f"{what}: field {field}: {first['msg']}{found}; the answer is kept as it came") from error


class IncrementalSource(ABC):
    """One interface.

    Args:
        payloads: Where its answers are kept.
        connect: Makes the client.
        every_seconds: Pause between looks, once all is fetched.
    """

    name: SourceName

    def __init__(self, payloads: ResponseCache, connect: Callable[[], JsonApi], *, every_seconds: float) -> None:
        self.payloads = payloads
        self.connect = connect
        self.every_seconds = every_seconds

    @abstractmethod
    def fetch(self, api: JsonApi) -> Iterator[None]:
        """Fetch what is new; every step ends with an answer kept, so that the next look can go on from there."""

    @abstractmethod
    def rows(self, today: date) -> Iterable[tuple[RowKind, dict[str, str]]]:
        """Rows of all kept answers up to ``today``."""

    def published(self, today: date) -> PublishedRows:
        """Rows of what was fetched so far.

        Raises:
            SourceError: If a field of an answer changed its name or type.
        """
        lines: dict[RowKind, list[dict[str, str]]] = {}
        for kind, row in self.rows(today):
            lines.setdefault(kind, []).append(row)
        return PublishedRows({kind: pd.DataFrame(rows, dtype=str).fillna("") for kind, rows in lines.items()})

    def unread(self, path: str, answer: Any, problem: str) -> SourceError:
        """Keep an answer in which nothing can be told apart, the newest such; what to raise then."""
        self.payloads.keep("unread", [(0, {"path": path, "answer": answer})])
        return SourceError(f"{self.name} {path}: {problem}; the answer is kept as it came")

    def fingerprint(self, today: date) -> str | None:
        """Look for news where it is time to; mostly None while there is more to fetch.

        Raises:
            SourceError: If the last look failed.
        """
        if time.time() >= float(self.payloads.note("not_before") or 0):
            problem, wait = self._look()
            if wait is None:
                return self._unfinished(today)
            self.payloads.keep("", (), problem=problem, not_before=str(time.time() + wait))
        problem = self.payloads.note("problem")
        if problem:
            raise SourceError(problem)
        return f"{self.payloads.version()}; {today.isoformat()}"

    def _unfinished(self, today: date) -> str | None:
        """While there is more to fetch, what is there is shown once a pause; at first None."""
        shown, now = float(self.payloads.note("shown") or 0), time.time()
        if shown and now - shown < self.every_seconds:
            return None
        self.payloads.keep("", (), shown=str(now))
        return f"{self.payloads.version()}; {today.isoformat()}" if shown else None

    def _look(self) -> tuple[str, float | None]:
        """What went wrong, or nothing, and the pause until the next look; no pause while there is more to fetch."""
        ends = time.monotonic() + STEP_SECONDS
        try:
            with self.connect() as api:
                for _ in self.fetch(api):
                    if time.monotonic() > ends:
                        return "", None
        except RetryLaterError as error:
            return str(error), max(error.wait, self.every_seconds)
        except SourceError as error:
            return str(error), self.every_seconds
        return "", self.every_seconds
