"""PandaScore on a local server: matches and deletions, paged, filtered, sorted and limited as the real host does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyrate_limiter import Duration, Rate

from cs2.settings import SourceName
from pipelines.sources.base import RowKind
from pipelines.sources.http import JsonApi
from pipelines.sources.pandascore import PandaScoreSource
from pipelines.sources.response_cache import ResponseCache
from tests.testkit.web import Reply, Request, Responder, Site, site

TOKEN = "a-secret-of-the-tests"


def pandascore_match(number: int, **changes: Any) -> dict[str, Any]:
    """A match with the fields of the real sample, which ``test_the_sample_is_read`` reads."""
    sides = [{"type": "Team", "opponent": {"id": team, "name": name}} for team, name in ((1, "Alpha"), (2, "Beta"))]
    match = {
        "id": number,
        "status": "finished",
        "scheduled_at": "2026-08-10T11:00:00Z",
        "begin_at": "2026-08-10T11:05:00Z",
        "modified_at": f"2026-08-10T13:{number // 60:02}:{number % 60:02}Z",
        "match_type": "best_of",
        "number_of_games": 3,
        "forfeit": False,
        "draw": False,
        "winner_id": 2,
        "opponents": sides,
        "league": {"name": "League"},
        "serie": {"full_name": "Summer 2026"},
        "tournament": {"tier": "s", "type": "offline"},
        "odds": {"team1": 1.01},
    }
    return match | changes


@dataclass
class VirtualClock:
    """A clock that a test sets. It stands still in between."""

    now: datetime = datetime(2026, 8, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **duration: float) -> None:
        """Move the clock, by ``days=1`` or ``hours=-3``."""
        self.now += timedelta(**duration)


MAX_PAGE_SIZE = 100


class PandaScoreHost:
    """Host that responds with its matches and their deletions, or with ``failure`` if set.

    Args:
        matches: What it has at first.
        clock: Its clock.
        requests_per_hour: More requests in an hour of its clock are refused, as those of a plan are.
    """

    def __init__(
        self, *matches: dict[str, Any], clock: VirtualClock | None = None, requests_per_hour: int = 1_000
    ) -> None:
        self.matches = list(matches)
        self.incidents: list[dict[str, Any]] = []
        self.failure: Reply | None = None
        self.clock = clock or VirtualClock()
        self.requests_per_hour = requests_per_hour
        self._hour: tuple[datetime, int] = (self.clock.now, 0)

    def delete(self, number: int, deleted_at: str, *, reason: str = "Model deleted", kind: str = "match") -> None:
        """Delete a match, or another object. No list of matches tells of it."""
        if kind == "match":
            self.matches = [match for match in self.matches if match["id"] != number]
        deletion = {"deleted_at": deleted_at, "reason": reason, "videogame_id": 3}
        self.incidents.append(
            {"change_type": "deletion", "id": number, "modified_at": deleted_at, "object": deletion, "type": kind}
        )

    def __call__(self, request: Request) -> Reply:
        if self.failure is not None:
            return self.failure
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply({"error": "Token is missing"}, status=401)
        wait = self._seconds_to_wait()
        if wait:
            return Reply({"error": "Too many requests"}, status=429, headers={"Retry-After": str(wait)})
        return self._page(
            request, {"/csgo/matches": self._matches, "/deletions": self._deletions}[request.path](request)
        )

    def _seconds_to_wait(self) -> int:
        began, n_requests = self._hour
        if self.clock.now - began >= timedelta(hours=1):
            began, n_requests = self.clock.now, 0
        self._hour = (began, n_requests + 1)
        if n_requests < self.requests_per_hour:
            return 0
        return int((began + timedelta(hours=1) - self.clock.now).total_seconds())

    def _matches(self, request: Request) -> list[dict[str, Any]]:
        assert request.params["sort"] == "modified_at"
        since, _ = request.params["range[modified_at]"].split(",")
        changed = [match for match in self.matches if match["modified_at"] >= since]
        return sorted(changed, key=lambda match: str(match["modified_at"]))

    def _deletions(self, request: Request) -> list[dict[str, Any]]:
        """Deletions of every type, the newest first: a host may ignore a filter."""
        since = datetime.fromisoformat(request.params["since"])
        later = [entry for entry in self.incidents if datetime.fromisoformat(entry["modified_at"]) >= since]
        return sorted(later, key=lambda entry: str(entry["modified_at"]), reverse=True)

    def _page(self, request: Request, entries: list[dict[str, Any]]) -> Reply:
        size = min(int(request.params["page[size]"]), MAX_PAGE_SIZE)
        first = size * (int(request.params["page[number]"]) - 1)
        return Reply(entries[first : first + size], headers={"X-Total": str(len(entries))})


@contextmanager
def pandascore_source(
    responder: Responder,
    database_url: str,
    *,
    pause_seconds: float = 0.0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[tuple[PandaScoreSource, Site]]:
    """A source that polls a local server, and the server."""
    with site(responder) as server:

        def connect() -> JsonApi:
            return JsonApi(server.url, rates=(Rate(1_000, Duration.SECOND),), token=TOKEN, sleep=lambda _: None)

        cache = ResponseCache(database_url, SourceName.PANDASCORE)
        yield PandaScoreSource(cache, connect, pause_seconds=pause_seconds, now=now), server


def polled_rows(source: PandaScoreSource, today: date) -> dict[RowKind, list[dict[str, str]]]:
    """Poll once and return the published rows."""
    source.poll()
    assert source.fingerprint(today) is not None
    frames = source.published(today).frames
    return {kind: frame.to_dict("records") for kind, frame in frames.items()}  # type: ignore[misc]
