"""PandaScore on a local server: its matches, paged, filtered and sorted as the real host does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
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


class PandaScoreHost:
    """Host that responds with its matches, or with ``failure`` if set."""

    def __init__(self, *matches: dict[str, Any]) -> None:
        self.matches = list(matches)
        self.failure: Reply | None = None

    def __call__(self, request: Request) -> Reply:
        if self.failure is not None:
            return self.failure
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply({"error": "Token is missing"}, status=401)
        assert request.path == "/csgo/matches"
        assert request.params["sort"] == "modified_at"
        since, _ = request.params["range[modified_at]"].split(",")
        size, number = int(request.params["page[size]"]), int(request.params["page[number]"])
        changed = [match for match in self.matches if match["modified_at"] >= since]
        changed.sort(key=lambda match: str(match["modified_at"]))
        return Reply(changed[size * (number - 1) : size * number], headers={"X-Total": str(len(changed))})


@contextmanager
def pandascore_source(
    responder: Responder, database_url: str, *, pause_seconds: float = 0.0
) -> Iterator[tuple[PandaScoreSource, Site]]:
    """A source that polls a local server, and the server."""
    with site(responder) as server:

        def connect() -> JsonApi:
            return JsonApi(server.url, rates=(Rate(1_000, Duration.SECOND),), token=TOKEN, sleep=lambda _: None)

        cache = ResponseCache(database_url, SourceName.PANDASCORE)
        yield PandaScoreSource(cache, connect, pause_seconds=pause_seconds), server


def polled_rows(source: PandaScoreSource, today: date) -> dict[RowKind, list[dict[str, str]]]:
    """Poll once and return the published rows."""
    source.poll()
    assert source.fingerprint(today) is not None
    frames = source.published(today).frames
    return {kind: frame.to_dict("records") for kind, frame in frames.items()}  # type: ignore[misc]
