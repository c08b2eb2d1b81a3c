"""Requests to bo3.gg: pages of matches, batches of games, statistics of a map, the veto of a match."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.sources.base import SourceError
from pipelines.sources.bo3gg_responses import (
    COUNTER_STRIKE,
    MatchPage,
    UnexpectedListError,
    group_games,
    parse_match_page,
    parse_results,
)
from pipelines.sources.http import JsonApi, NotFoundError
from pipelines.sources.incremental import UNEXPECTED
from pipelines.sources.response_cache import ResponseCache

MATCH, GAMES, PLAYERS, VETO = FACTS = ("match", "games", "players", "veto")
"""Kinds of stored responses that rows are made from."""

NO_GAMES, NO_PLAYERS, NO_VETO = NOTHING = ("no games", "no players", "no veto")
"""Kinds of stored responses that were empty: not requested again before the next long look back."""

PAGE_SIZE = 100
GAMES_PER_REQUEST = 25
"""Matches whose games are requested at once: five maps each fit into a page or two."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where to continue in the list of matches, which is ordered by start.

    Attributes:
        since: Time of the filter, in UTC.
        offset: Matches after ``since`` that were read. Above 0 only while all of them start at one time.
    """

    since: datetime
    offset: int = 0

    def after(self, page: MatchPage) -> "Position | None":
        """Return the position after a page, or None at the end of the list.

        The time moves instead of the offset: a match that is moved out of the read part shifts every later offset,
        and would hide another match. Matches that start in the last second of a page are read twice.
        """
        n_read = len(page.starts)
        if n_read == 0 or (page.n_matching is not None and self.offset + n_read >= page.n_matching):
            return None
        last = page.starts[-1].replace(microsecond=0) - timedelta(seconds=1)
        return Position(last) if last > self.since else Position(self.since, self.offset + n_read)


class Bo3ggRequests:
    """Requests whose answers are stored as received.

    Args:
        cache: Where the answers are stored.
        api: The client.
    """

    def __init__(self, cache: ResponseCache, api: JsonApi) -> None:
        self.cache = cache
        self.api = api

    def matches(self, position: Position) -> MatchPage:
        """Request a page of matches, each with its games. The caller stores it together with its position.

        Raises:
            SourceError: If the answer has another structure, or ignores the request.
        """
        path = "/matches"
        response = self.api.get(path, _match_params(position))
        try:
            return parse_match_page(response, position.since)
        except UnexpectedListError as error:
            raise self._unexpected(path, response, str(error)) from error

    def games(self, days: dict[int, date]) -> None:
        """Request and store the games of several matches, with the teams behind their clans.

        Args:
            days: Day of each match, by its id.

        Raises:
            SourceError: If the answer has another structure.
        """
        path, offset = "/games", 0
        received: list[dict[str, Any]] = []
        while True:
            response = self.api.get(path, _game_params(list(days), offset))
            try:
                results = parse_results(response)
            except UnexpectedListError as error:
                raise self._unexpected(path, response, str(error)) from error
            received += results
            if len(results) < PAGE_SIZE or not any(game.get("match_id") in days for game in results):
                break
            offset += len(results)
        by_match = group_games(received, set(days))
        self.cache.store(GAMES, [(key, games) for key, games in by_match.items() if games], days=days)
        self.cache.store(NO_GAMES, [(key, []) for key in by_match], days=days)

    def player_stats(self, game_id: int, day: date) -> None:
        """Request and store the statistics of the players of a map.

        Raises:
            SourceError: If the answer has another structure.
        """
        path = f"/games/{game_id}/players_stats"
        try:
            stats = self.api.get(path)
        except NotFoundError:
            stats = []
        if not isinstance(stats, list):
            raise self._unexpected(path, stats, "not a list")
        stats = [line for line in stats if not isinstance(line, dict) or line.get("game_id", game_id) == game_id]
        self.cache.store(PLAYERS if stats else NO_PLAYERS, [(game_id, stats)], days={game_id: day})

    def veto(self, match_id: int, slug: str, day: date) -> None:
        """Request a match by itself and store its veto.

        Raises:
            SourceError: If the answer has another structure.
        """
        path = f"/matches/{slug or match_id}"
        try:
            match = self.api.get(path)
        except NotFoundError:
            match = {"match_maps": []}
        steps = match.get("match_maps") if isinstance(match, dict) else None
        if steps is not None and not isinstance(steps, list):
            raise self._unexpected(path, match, "field match_maps is not a list")
        if not isinstance(match, dict):
            raise self._unexpected(path, match, "not a match")
        is_same = match.get("id", match_id) == match_id
        self.cache.store(VETO if steps and is_same else NO_VETO, [(match_id, steps or [])], days={match_id: day})

    def _unexpected(self, path: str, response: Any, problem: str) -> SourceError:
        self.cache.store(UNEXPECTED, [(0, {"path": path, "answer": response})])
        return SourceError(f"{self.cache.source} {path}: {problem}; the response is stored as received")


def filter_time(moment: datetime) -> str:
    """Format a time as the interface's filters expect it: UTC without an offset."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _match_params(position: Position) -> dict[str, str | int]:
    return {
        "page[limit]": PAGE_SIZE,
        "page[offset]": position.offset,
        "sort": "start_date",
        "filter[matches.discipline_id][eq]": COUNTER_STRIKE,
        "filter[matches.start_date][gt]": filter_time(position.since),
        "with": "teams,tournament,games",
    }


def _game_params(match_ids: list[int], offset: int) -> dict[str, str | int]:
    return {
        "page[limit]": PAGE_SIZE,
        "page[offset]": offset,
        "filter[games.match_id][in]": ",".join(map(str, match_ids)),
        "with": "winner_team_clan,loser_team_clan",
    }
