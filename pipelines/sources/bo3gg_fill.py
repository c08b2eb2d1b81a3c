"""First fill of bo3.gg: the years before those that polls read, request by request, resumed where it ended."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from enum import StrEnum
from functools import partial
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from pipelines.sources.bo3gg import FILL
from pipelines.sources.bo3gg_missing import MissingDetails, find_missing
from pipelines.sources.bo3gg_requests import MATCH, PAGE_SIZE, Bo3ggRequests, Position
from pipelines.sources.http import RetryLaterError
from pipelines.sources.months import next_month
from pipelines.sources.response_cache import ResponseCache

Answer = TypeVar("Answer")

LOCK = "fill"
"""Name of the lock of the running fill."""

SHORTEST_WAIT_SECONDS = 1.0


class FillPhase(StrEnum):
    """What a fill requests."""

    MATCHES = "matches and maps"
    DETAILS = "statistics and vetoes"


class FillState(BaseModel):
    """Stored state of the fill.

    Attributes:
        since: First day.
        position: Where to continue in the list of matches.
        n_released: How often its responses were released to the sensor.
    """

    model_config = ConfigDict(frozen=True)

    since: date
    position: Position
    n_released: int = 0


@dataclass(frozen=True, slots=True)
class FillProgress:
    """Progress after a request.

    Attributes:
        phase: What is being requested.
        n_done: Requests of this phase so far.
        n_left: Requests of this phase that are left, as far as known.
        n_matches: Matches received in this run.
    """

    phase: FillPhase
    n_done: int
    n_left: int
    n_matches: int


class Fill:
    """Requests everything since a day. Every answer is stored before the next request.

    Args:
        cache: Where the answers and the state are stored.
        requests: The requests.
        since: First day.
        now: Reads the clock, in UTC.
        sleep: Waits where the host demands a pause.
    """

    def __init__(
        self,
        cache: ResponseCache,
        requests: Bo3ggRequests,
        since: date,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.cache = cache
        self.requests = requests
        self.since = since
        self.now = now
        self.sleep = sleep

    def run(self, *, with_details: bool = True) -> Iterator[FillProgress]:
        """Request the list of matches, then the details of each month, the newest first.

        Args:
            with_details: Whether to request statistics and vetoes, which take a request a map and a match.

        Raises:
            SourceError: If a request fails for good. The next run continues there.
        """
        yield from self._fill_matches()
        self.release()
        if with_details:
            yield from self._fill_details()
            self.release()

    def release(self) -> None:
        """Let the sensor notice the responses that were stored so far."""
        state = self._load_state()
        self._store_state(state.model_copy(update={"n_released": state.n_released + 1}))

    def _fill_matches(self) -> Iterator[FillProgress]:
        state, end, n_done, n_matches = self._load_state(), self.now(), 0, 0
        position: Position | None = state.position
        previous: set[int] = set()
        while position is not None and position.since < end:
            page = self._patiently(partial(self.requests.matches, position))
            following = position.after(page)
            self.cache.store(MATCH, page.matches.items(), days=page.days)
            reached = following or Position(end.replace(microsecond=0))
            state = state.model_copy(update={"position": reached})
            self._store_state(state)
            n_done, n_matches = n_done + 1, n_matches + len(page.matches.keys() - previous)
            previous = set(page.matches)
            n_left = max((page.n_matching or 0) - position.offset - len(page.starts), 0) if following else 0
            yield FillProgress(FillPhase.MATCHES, n_done, -(-n_left // PAGE_SIZE), n_matches)
            position = following

    def _fill_details(self) -> Iterator[FillProgress]:
        months = [month for month in self.cache.versions_by_month(MATCH) if month >= self.since.replace(day=1)]
        n_left, n_done = sum(self._missing(month).n_requests for month in months), 0
        for month in reversed(months):
            for _ in range(2):  # games that were requested by themselves have statistics, too
                for call in self._missing(month).calls(self.requests):
                    self._patiently(call)
                    n_done, n_left = n_done + 1, max(n_left - 1, 0)
                    yield FillProgress(FillPhase.DETAILS, n_done, n_left, 0)

    def _missing(self, month: date) -> MissingDetails:
        return find_missing(self.cache, max(month, self.since), next_month(month), self.now())

    def _patiently(self, request: Callable[[], Answer]) -> Answer:
        """Make a request. Wait and repeat it as often as the host demands."""
        while True:
            try:
                return request()
            except RetryLaterError as error:
                self.sleep(max(error.wait, SHORTEST_WAIT_SECONDS))

    def _load_state(self) -> FillState:
        # A second earlier, as the filter leaves out its own time, and matches start at midnight, too.
        start = Position(datetime.combine(self.since, day_time(), UTC) - timedelta(seconds=1))
        stored = [FillState.model_validate(payload) for _, payload in self.cache.load(FILL)]
        if stored and stored[0].since <= self.since:
            position = max(stored[0].position, start, key=lambda position: position.since)
            return stored[0].model_copy(update={"position": position})
        return FillState(since=self.since, position=start, n_released=stored[0].n_released if stored else 0)

    def _store_state(self, state: FillState) -> None:
        self.cache.store(FILL, [(0, state.model_dump(mode="json"))])
