"""bo3.gg's undocumented public JSON: maps with rounds, lineups and statistics, series, announced matches, vetoes.

Its matches include prices and predictions. Neither is ever stored: the prices of finished matches are in-play prices.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError

from cs2.settings import SourceName
from pipelines.sources.base import PublishedRows, RowKind
from pipelines.sources.bo3gg_missing import find_missing
from pipelines.sources.bo3gg_requests import (
    FACTS,
    GAMES,
    MATCH,
    NOTHING,
    PLAYERS,
    VETO,
    Bo3ggRequests,
    Position,
)
from pipelines.sources.bo3gg_rows import MatchResponses, match_rows
from pipelines.sources.http import JsonApi
from pipelines.sources.incremental import IncrementalSource, collect_rows
from pipelines.sources.months import next_month

FIRST_DAYS = 30
"""Days that the first poll reads. A fill reads older ones. Details of these days are requested with every poll."""

SHORT_LOOK_BACK = timedelta(hours=36)
"""Read the matches of the last hours with every poll: results arrive late and are corrected."""

LONG_LOOK_BACK = timedelta(days=14)
"""Once a day, read these days again: maps and statistics that arrive days later, late corrections."""

LONG_PAUSE = timedelta(days=1)
"""Pause between two long looks back."""

FILL = "fill"
"""Kind of the stored state of the fill."""

MATCHES_AT_ONCE = 200
"""Matches whose details are in memory at once."""


class ListProgress(BaseModel):
    """How far the list of matches has been read: the cursor.

    Attributes:
        position: Where to continue an unfinished reading. None: the next poll begins one.
        started_at: When the unfinished reading began.
        is_long: Whether it is a long look back.
        complete_at: When the last complete reading began.
        long_complete_at: When the last complete long look back began.
    """

    model_config = ConfigDict(frozen=True)

    position: Position | None = None
    started_at: datetime | None = None
    is_long: bool = True
    complete_at: datetime | None = None
    long_complete_at: datetime | None = None

    @classmethod
    def from_cursor(cls, text: str | None) -> "ListProgress":
        """Parse the stored cursor. An older release stored the time of the filter."""
        if text is None:
            return cls()
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return cls(complete_at=datetime.fromisoformat(text).replace(tzinfo=UTC))

    def begin(self, now: datetime) -> "ListProgress":
        """Begin a reading. It reaches back to before the last complete one, whatever the downtime in between."""
        is_long = self.long_complete_at is None or abs(now - self.long_complete_at) >= LONG_PAUSE
        if self.complete_at is None or self.complete_at > now:  # a time to come is that of a wrong clock
            since = now - timedelta(days=FIRST_DAYS)
        else:
            since = min(now - (LONG_LOOK_BACK if is_long else SHORT_LOOK_BACK), self.complete_at - SHORT_LOOK_BACK)
        position = Position(since.replace(microsecond=0))
        return self.model_copy(update={"position": position, "started_at": now, "is_long": is_long})

    def after_page(self, position: Position | None) -> "ListProgress":
        """Continue at a position; None: the reading is complete."""
        if position is not None:
            return self.model_copy(update={"position": position})
        long_complete_at = self.started_at if self.is_long else self.long_complete_at
        return ListProgress(complete_at=self.started_at, long_complete_at=long_complete_at)


class Bo3ggSource(IncrementalSource):
    """bo3.gg's Counter-Strike matches: the last weeks by polls, older ones by ``Fill``."""

    name = SourceName.BO3GG

    def fetch(self, api: JsonApi) -> Iterator[None]:
        """Fetch the list of matches with their maps, then what the list does not have.

        Raises:
            SourceError: If a response has another structure.
        """
        requests = Bo3ggRequests(self.cache, api)
        yield from self._fetch_list(requests)
        now = self.now()
        for call in find_missing(self.cache, (now - timedelta(days=FIRST_DAYS)).date(), None, now).calls(requests):
            call()
            yield

    def _fetch_list(self, requests: Bo3ggRequests) -> Iterator[None]:
        progress, now = ListProgress.from_cursor(self.cache.load_cursor()), self.now()
        if progress.position is None:
            is_recent = progress.complete_at is not None and abs(now - progress.complete_at) < self.pause
            if is_recent and progress.long_complete_at is not None:
                return  # this poll continues the last one, which ran out of time
            progress = progress.begin(now)
            if progress.is_long:
                for kind in NOTHING:  # request once more what was empty
                    self.cache.delete(kind, since=(now - LONG_LOOK_BACK).date())
        while progress.position is not None:
            page = requests.matches(progress.position)
            progress = progress.after_page(progress.position.after(page))
            self.cache.store(MATCH, page.matches.items(), days=page.days, cursor=progress.model_dump_json())
            yield

    def fingerprint(self, today: date) -> str | None:
        """Identify what has been fetched. None before the first complete list.

        A complete list is released at once: maps do not wait for statistics. What is requested after it is released
        when all of it is there, or with the next list. A running fill is released at its end, or with the next list.
        """
        with self.cache.connected():
            is_complete = self.cache.load_state().is_readable
            complete_at = ListProgress.from_cursor(self.cache.load_cursor()).complete_at
            if not is_complete and complete_at is None:
                return None
            released = self.cache.version(FILL)
            since = today - timedelta(days=FIRST_DAYS)
            fetched = self.cache.version(*FACTS, since=since) if is_complete else f"list of {complete_at}"
        return f"{fetched}; {released}; {today.isoformat()}"

    def month_digests(self, today: date) -> dict[str, str]:
        """Digest the rows of the last days' months, and the stored responses of each older month.

        Raises:
            SourceError: If a field of a response of the last days changed its name or type.
        """
        recent = {(today - LONG_LOOK_BACK).replace(day=1), today.replace(day=1)}
        versions = self.cache.versions_by_month(*FACTS)
        digests = {month.isoformat(): version for month, version in versions.items() if month < min(recent)}
        for published in self.published_by_month(today, recent):
            digests |= published.month_digests()
        return digests

    def published_by_month(self, today: date, months: Collection[date]) -> Iterator[PublishedRows]:
        """Return the rows of some months, one month at a time.

        Raises:
            SourceError: If a field of a response changed its name or type.
        """
        for month in sorted(months):
            yield collect_rows(self._month_rows(month, today))

    def rows(self, today: date) -> Iterable[tuple[RowKind, dict[str, str]]]:
        """Rows of series, of their maps and players, and of announced matches.

        Raises:
            SourceError: If a field changed its name or type.
        """
        running = today.replace(day=1)
        for month in sorted({min(month, running) for month in self.cache.versions_by_month(MATCH)}):
            yield from self._month_rows(month, today)

    def _month_rows(self, month: date, today: date) -> Iterator[tuple[RowKind, dict[str, str]]]:
        before = None if month >= today.replace(day=1) else next_month(month)
        with self.cache.connected():
            matches = self.cache.load(MATCH, since=month, before=before)
            for first in range(0, len(matches), MATCHES_AT_ONCE):
                chunk = dict(matches[first : first + MATCHES_AT_ONCE])
                games, vetoes = dict(self.cache.load(GAMES, keys=chunk)), dict(self.cache.load(VETO, keys=chunk))
                responses = [
                    MatchResponses(match, games.get(key, []), vetoes.get(key, [])) for key, match in chunk.items()
                ]
                games_played = (game for response in responses for game in response.played_games)
                stats = dict(self.cache.load(PLAYERS, keys={game["id"] for game in games_played if "id" in game}))
                for response in responses:
                    yield from match_rows(response, stats, today)
