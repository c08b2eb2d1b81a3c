"""PandaScore's official interface: series with winner, best-of and event, and announced matches.

Its maps have a winner but no name, and its matches have no lineups: it publishes no map rows.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cs2.settings import SourceName
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.http import JsonApi
from pipelines.sources.incremental import IncrementalSource, ResponseModel, parse_response

MATCHES = "/csgo/matches"
PAGE_SIZE = 100
LATEST = "2100-01-01T00:00:00Z"
"""Upper end of the range of times, which the interface requires."""

_TIME = TypeAdapter(datetime)


class PandaScoreTeam(ResponseModel):
    """A team."""

    id: int
    name: str


class PandaScoreOpponent(ResponseModel):
    """One side of a match: a team or a player."""

    type: str
    opponent: PandaScoreTeam


class PandaScoreLeague(ResponseModel):
    """A league, which has seasons."""

    name: str | None


class PandaScoreSerie(ResponseModel):
    """A season of a league."""

    full_name: str | None


class PandaScoreTournament(ResponseModel):
    """A stage of a season."""

    tier: str | None


class PandaScoreMatch(ResponseModel):
    """A match, played or announced."""

    id: int
    status: str
    scheduled_at: str | None
    begin_at: str | None
    modified_at: str
    match_type: str
    number_of_games: int
    forfeit: bool
    draw: bool
    winner_id: int | None
    opponents: list[PandaScoreOpponent]
    league: PandaScoreLeague
    serie: PandaScoreSerie
    tournament: PandaScoreTournament


class PandaScoreSource(IncrementalSource):
    """PandaScore's Counter-Strike matches. The cursor is the newest ``modified_at``."""

    name = SourceName.PANDASCORE
    since = "2023-09-27T00:00:00Z"  # release of Counter-Strike 2

    def fetch(self, api: JsonApi) -> Iterator[None]:
        """Fetch matches in the order of their last change.

        A match that changes during the fetch moves to the end and is fetched a second time; no match is skipped.

        Raises:
            SourceError: If a response is not a list of matches with id and time of change.
        """
        start, page_number = self.cache.load_cursor() or self.since, 1
        while True:
            page = api.get(MATCHES, _page_params(start, page_number))
            newest = self._store_page(page)
            if len(page) < PAGE_SIZE:
                return
            yield
            # When all matches of a page changed at one time, that time continues on the next page.
            start, page_number = (newest, 1) if newest > start else (start, page_number + 1)

    def _store_page(self, page: Any) -> str:
        """Store the matches of a page and return the newest time of change."""
        if not isinstance(page, list) or not all(isinstance(match, dict) for match in page):
            raise self.store_unexpected(MATCHES, page, "not a list of matches")
        ids = [match.get("id") for match in page]
        changed_at = [match.get("modified_at") for match in page]
        for field, values, expected in (("id", ids, int), ("modified_at", changed_at, str)):
            if not all(isinstance(value, expected) for value in values):
                raise self.store_unexpected(MATCHES, page, f"field {field} is missing or not {expected.__name__}")
        if changed_at != sorted(changed_at):  # the cursor would skip matches
            raise self.store_unexpected(MATCHES, page, "not sorted by modified_at")
        newest = changed_at[-1] if changed_at else None
        self.cache.store("match", zip(ids, page, strict=True), cursor=newest)
        return newest or ""

    def rows(self, today: date) -> Iterable[tuple[RowKind, dict[str, str]]]:
        """Rows of finished series and announced matches. Cancelled, drawn and forfeited matches have none.

        Raises:
            SourceError: If a field changed its name or type.
        """
        for match_id, response in self.cache.load("match"):
            row = _match_row(parse_response(PandaScoreMatch, response, f"pandascore match {match_id}"), today)
            if row is not None:
                yield row


def _page_params(start: str, page_number: int) -> dict[str, str | int]:
    return {
        "range[modified_at]": f"{start},{LATEST}",
        "sort": "modified_at",
        "page[size]": PAGE_SIZE,
        "page[number]": page_number,
    }


def _match_row(match: PandaScoreMatch, today: date) -> tuple[RowKind, dict[str, str]] | None:
    start_time = match.begin_at or match.scheduled_at
    teams = [side.opponent for side in match.opponents if side.type == "Team"]
    if start_time is None or len(teams) != 2 or match.forfeit or match.draw:
        return None
    try:
        day = _TIME.validate_python(start_time).date()
    except ValidationError as error:
        raise SourceError(f"pandascore match {match.id}: field begin_at is not a time: {start_time!r}") from error
    row = {
        "row_key": str(match.id),
        "month": min(day, today).replace(day=1).isoformat(),  # the partitions end with the running month
        "date": day.isoformat(),
        "start_time": start_time,
        "event": " ".join(name for name in (match.league.name, match.serie.full_name) if name),
        "tier": match.tournament.tier or "",
        "best_of": str(match.number_of_games) if match.match_type == "best_of" else "",
        "team1": teams[0].name,
        "team2": teams[1].name,
    }
    team_ids = [team.id for team in teams]
    if match.status == "finished" and match.winner_id in team_ids and day <= today:
        unknown = {"team1_players": "", "team2_players": "", "number_on_day": ""}
        return RowKind.SERIES, {**row, **unknown, "winner": str(team_ids.index(match.winner_id) + 1)}
    if match.status == "not_started" and day >= today:
        return RowKind.FIXTURE, row
    return None
