"""PandaScore's official interface: series with winner, best-of and event, and announced matches.

Its maps have a winner but no name, and its matches have no lineups: it publishes no map rows.

A list of matches does not tell which were deleted: deletions have a list of their own. A match that is deleted, or that
lost its outcome or its date, withdraws the rows that it may have published.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cs2.settings import SourceName
from pipelines.sources.base import WITHDRAWN, RowKind, SourceError
from pipelines.sources.http import JsonApi
from pipelines.sources.incremental import IncrementalSource, ResponseModel, parse_response

MATCHES = "/csgo/matches"
DELETIONS = "/deletions"
PAGE_SIZE = 100
LATEST = "2100-01-01T00:00:00Z"
"""Upper end of the range of times, which the interface requires."""

OVERLAP = timedelta(days=1)
"""Deletions of the last day are requested again: the list may get entries out of order."""

CALLED_OFF = frozenset({"canceled", "postponed"})

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

    @property
    def start_time(self) -> str | None:
        """When it began, or is to begin; None while it has no date."""
        return self.begin_at or self.scheduled_at

    @property
    def teams(self) -> list[PandaScoreTeam]:
        """The teams that are known: two, once the opponents are."""
        return [side.opponent for side in self.opponents if side.type == "Team"]


class PandaScoreDeletion(ResponseModel):
    """What an entry of the list of deletions says about its object."""

    reason: str | None = None


class PandaScoreIncident(ResponseModel):
    """An entry of the list of deletions."""

    modified_at: str
    object: PandaScoreDeletion


class PandaScoreSource(IncrementalSource):
    """PandaScore's Counter-Strike matches. The cursor is the newest ``modified_at``."""

    name = SourceName.PANDASCORE
    since = "2023-09-27T00:00:00Z"  # release of Counter-Strike 2

    def fetch(self, api: JsonApi) -> Iterator[None]:
        """Fetch matches in the order of their last change, then the deletions.

        Raises:
            SourceError: If a response is not a list of objects with id and time of change.
        """
        yield from self._fetch_matches(api)
        self._fetch_deletions(api)

    def _fetch_matches(self, api: JsonApi) -> Iterator[None]:
        """Fetch changed matches.

        A match that changes during the fetch moves to the end and is fetched a second time; no match is skipped.
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
        self._check(MATCHES, page, "matches", {"id": int, "modified_at": str})
        changed_at = [match["modified_at"] for match in page]
        if changed_at != sorted(changed_at):  # the cursor would skip matches
            raise self.store_unexpected(MATCHES, page, "not sorted by modified_at")
        newest = changed_at[-1] if changed_at else None
        self.cache.store("match", [(match["id"], match) for match in page], cursor=newest)
        return newest or ""

    def _fetch_deletions(self, api: JsonApi) -> None:
        """Fetch the deletions since the last one, and store them when the list is complete.

        The order of the list is not documented, so a part of it would not tell where to continue.
        """
        known = [deletion["modified_at"] for _, deletion in self.cache.load("deletion")]
        since = (_TIME.validate_python(max(known)) - OVERLAP).isoformat() if known else self.since
        deletions: dict[int, Any] = {}
        page_number = 1
        while True:
            page = api.get(DELETIONS, _deletion_params(since, page_number))
            self._check(DELETIONS, page, "deletions", {"id": int, "modified_at": str, "type": str, "change_type": str})
            for entry in page:  # a filter that the host does not know returns other entries, too
                if (entry["type"], entry["change_type"]) == ("match", "deletion"):
                    deletions[entry["id"]] = entry
            if len(page) < PAGE_SIZE:
                break
            page_number += 1
        self.cache.store("deletion", deletions.items())

    def _check(self, path: str, page: Any, things: str, fields: Mapping[str, type]) -> None:
        """Raise the error of a response that is not a list of objects with some fields."""
        if not isinstance(page, list) or not all(isinstance(entry, dict) for entry in page):
            raise self.store_unexpected(path, page, f"not a list of {things}")
        for field, expected in fields.items():
            if not all(isinstance(entry.get(field), expected) for entry in page):
                raise self.store_unexpected(path, page, f"field {field} is missing or not {expected.__name__}")

    def rows(self, today: date) -> Iterable[tuple[RowKind, dict[str, str]]]:
        """Rows of finished series and announced matches, and those that a match withdraws.

        Raises:
            SourceError: If a field changed its name or type.
        """
        deletions = dict(self.cache.load("deletion"))
        for match_id, response in self.cache.load("match"):
            match = parse_response(PandaScoreMatch, response, f"pandascore match {match_id}")
            deletion = _deletion_of(match, deletions.get(match_id))
            row = _match_row(match, today) if deletion is None else None
            if row is not None:
                yield row
            yield from _withdrawals(match, deletion, today)


def _page_params(start: str, page_number: int) -> dict[str, str | int]:
    return {
        "range[modified_at]": f"{start},{LATEST}",
        "sort": "modified_at",
        "page[size]": PAGE_SIZE,
        "page[number]": page_number,
    }


def _deletion_params(since: str, page_number: int) -> dict[str, str | int]:
    return {
        "type": "match",
        "videogame": "cs-go",
        "since": since,
        "page[size]": PAGE_SIZE,
        "page[number]": page_number,
    }


def _deletion_of(match: PandaScoreMatch, response: Any) -> PandaScoreIncident | None:
    """Return the deletion of a match. None if it was not deleted, or changed since then: it was restored."""
    if response is None:
        return None
    deletion = parse_response(PandaScoreIncident, response, f"pandascore deletion of match {match.id}")
    deleted_at, changed_at = (_parse_time(match, "modified_at", one.modified_at) for one in (deletion, match))
    return deletion if deleted_at >= changed_at else None


def _parse_time(match: PandaScoreMatch, field: str, value: str) -> datetime:
    try:
        return _TIME.validate_python(value)
    except ValidationError as error:
        raise SourceError(f"pandascore match {match.id}: field {field} is not a time: {value!r}") from error


def _month(day: date, today: date) -> str:
    return min(day, today).replace(day=1).isoformat()  # the partitions end with the running month


def _withdrawals(
    match: PandaScoreMatch, deletion: PandaScoreIncident | None, today: date
) -> Iterator[tuple[RowKind, dict[str, str]]]:
    """Yield the rows that a match can no longer have, whether or not it had them."""
    kinds: tuple[RowKind, ...] = (RowKind.SERIES, RowKind.FIXTURE)
    has_winner = match.status == "finished" and match.winner_id is not None and not (match.forfeit or match.draw)
    if deletion is not None:
        reason = f"the match was deleted: {deletion.object.reason or '-'}"
    elif match.status in CALLED_OFF or len(match.teams) != 2:
        reason = f"the match is {match.status}, of {len(match.teams)} teams"
    elif not has_winner:
        kinds, reason = (RowKind.SERIES,), f"the match is {match.status}, without a winner by play"
    else:
        return
    time = match.start_time or match.modified_at
    month = _month(_parse_time(match, "begin_at", time).date(), today)
    for kind in kinds:
        yield kind, {"row_key": str(match.id), "month": month, WITHDRAWN: reason}


def _match_row(match: PandaScoreMatch, today: date) -> tuple[RowKind, dict[str, str]] | None:
    start_time, teams = match.start_time, match.teams
    if start_time is None or len(teams) != 2 or match.forfeit or match.draw:
        return None
    day = _parse_time(match, "begin_at", start_time).date()
    row = {
        "row_key": str(match.id),
        "month": _month(day, today),
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
