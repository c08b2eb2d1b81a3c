"""PandaScore's official interface: series with their winner, best-of and event, and the matches to come.

Its maps have winners but no names, and no lineups come with a match: no map rows are made of it.
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
FAR = "2100-01-01T00:00:00Z"
_MOMENT = TypeAdapter(datetime)


class Team(ResponseModel):
    """A team."""

    id: int
    name: str


class Opponent(ResponseModel):
    """One side of a match."""

    type: str
    opponent: Team


class Named(ResponseModel):
    """A league or series of events."""

    name: str | None


class Serie(ResponseModel):
    """A season of a league."""

    full_name: str | None


class Tournament(ResponseModel):
    """A stage of it."""

    tier: str | None


class Match(ResponseModel):
    """A match, played or to come."""

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
    opponents: list[Opponent]
    league: Named
    serie: Serie
    tournament: Tournament


class PandaScoreSource(IncrementalSource):
    """Its Counter-Strike matches."""

    name = SourceName.PANDASCORE
    since = "2023-09-27T00:00:00Z"  # the day Counter-Strike 2 came out

    def fetch(self, api: JsonApi) -> Iterator[None]:
        """Matches in the order of their last change: what is changed meanwhile comes again at the end, none is skipped.

        Raises:
            SourceError: If an answer is no list of matches with id and time of change.
        """
        start, number = self.payloads.note("modified_at") or self.since, 1
        while True:
            page = api.get(MATCHES, _page(start, number))
            newest = self._keep(page)
            if len(page) < PAGE_SIZE:
                return
            yield
            # More matches of one moment than a page holds: its next pages.
            start, number = (newest, 1) if newest > start else (start, number + 1)

    def _keep(self, page: Any) -> str:
        if not isinstance(page, list) or not all(isinstance(match, dict) for match in page):
            raise self.unread(MATCHES, page, "not a list of matches")
        keys = [match.get("id") for match in page]
        moments = [match.get("modified_at") for match in page]
        for name, values, kind in (("id", keys, int), ("modified_at", moments, str)):
            if not all(isinstance(value, kind) for value in values):
                raise self.unread(MATCHES, page, f"field {name} is missing or no {kind.__name__}")
        if moments != sorted(moments):  # what was asked for: else the cursor would jump over some
            raise self.unread(MATCHES, page, "not in the order of modified_at")
        newest = moments[-1] if moments else ""
        self.payloads.keep("match", zip(keys, page, strict=True), **({"modified_at": newest} if newest else {}))
        return newest

    def rows(self, today: date) -> Iterable[tuple[RowKind, dict[str, str]]]:
        """Finished series and the matches to come; what was cancelled, drawn or forfeited is neither.

        Raises:
            SourceError: If a field changed its name or type.
        """
        for key, payload in self.payloads.all("match"):
            row = _row(parse_response(Match, payload, f"pandascore match {key}"), today)
            if row is not None:
                yield row


def _page(start: str, number: int) -> dict[str, str | int]:
    return {
        "range[modified_at]": f"{start},{FAR}",
        "sort": "modified_at",
        "page[size]": PAGE_SIZE,
        "page[number]": number,
    }


def _row(match: Match, today: date) -> tuple[RowKind, dict[str, str]] | None:
    begins = match.begin_at or match.scheduled_at
    teams = [side.opponent for side in match.opponents if side.type == "Team"]
    if begins is None or len(teams) != 2 or match.forfeit or match.draw:
        return None
    try:
        day = _MOMENT.validate_python(begins).date()
    except ValidationError as error:
        raise SourceError(f"pandascore match {match.id}: field begin_at is no time: {begins!r}") from error
    row = {
        "row_key": str(match.id),
        "month": min(day, today).replace(day=1).isoformat(),  # the partitions end with the running month
        "date": day.isoformat(),
        "start_time": begins,
        "event": " ".join(name for name in (match.league.name, match.serie.full_name) if name),
        "tier": match.tournament.tier or "",
        "best_of": str(match.number_of_games) if match.match_type == "best_of" else "",
        "team1": teams[0].name,
        "team2": teams[1].name,
    }
    ids = [team.id for team in teams]
    if match.status == "finished" and match.winner_id in ids and day <= today:
        lineups = {"team1_players": "", "team2_players": "", "number_on_day": ""}
        return RowKind.SERIES, {**row, **lineups, "winner": str(ids.index(match.winner_id) + 1)}
    if match.status == "not_started" and day >= today:
        return RowKind.FIXTURE, row
    return None
