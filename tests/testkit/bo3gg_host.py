"""bo3.gg on a local server: matches, maps and statistics, paged and filtered as the real host does.

As there, a filter that the host does not know is ignored, and a page has at most ``max_page`` results.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pyrate_limiter import Duration, Rate

from cs2.settings import SourceName
from pipelines.sources.bo3gg import Bo3ggSource
from pipelines.sources.http import JsonApi
from pipelines.sources.response_cache import ResponseCache
from tests.testkit.web import Reply, Request, Responder, Site, site

PREFIX = "/api/v1"
NOW = datetime.now(UTC)
TODAY = NOW.date()
YESTERDAY = NOW - timedelta(days=1)
TEAMS = {"team1": {"id": 1, "name": "Alpha"}, "team2": {"id": 2, "name": "Team Beta"}}
DISCIPLINE, SINCE, GAMES_OF = (
    "filter[matches.discipline_id][eq]",
    "filter[matches.start_date][gt]",
    "filter[games.match_id][in]",
)
"""The filters that the host knows."""


def bo3gg_match(number: int, start: datetime = YESTERDAY, **changes: Any) -> dict[str, Any]:
    match = {
        "id": number, "slug": f"alpha-vs-beta-{number}", "status": "finished", "discipline_id": 1,
        "start_date": host_time(start), "bo_type": 3, "team1_score": 0, "team2_score": 0,
        "tier": "s", "forfeit": False, "winner_team_id": 2, **TEAMS, "parsed_status": "done",
        "tournament": {"id": 5, "name": "Cup", "event_type": "lan"}, "maps_score": None,
        "bet_updates": {"team_1": {"coeff": 1.01}, "team_2": {"coeff": 21.0}},
        "ai_predictions": {"prediction_winner_team_id": 1},
    }  # fmt: skip
    return match | changes


def bo3gg_game(number: int, **changes: Any) -> dict[str, Any]:
    """A map of match 7."""
    game = {
        "id": 10 * number, "match_id": 7, "number": number, "map_name": "de_dust2", "status": "finished",
        "winner_clan_name": "BETA", "winner_clan_score": 13, "loser_clan_name": "alpha gg", "loser_clan_score": 6,
    }  # fmt: skip
    return game | changes


def bo3gg_player_stats(game_id: int, clans: tuple[str, str] = ("BETA", "alpha gg")) -> list[dict[str, Any]]:
    """Statistics of the ten players of a map."""
    return [
        {
            "id": 100 * game_id + 10 * side + place, "game_id": game_id, "clan_name": clan, "kills": 20, "death": 11,
            "adr": 81.5, "kast": 0.75, "player_rating": 6.1,
            "steam_profile": {
                "id": 900 + 10 * side + place, "nickname": f"steam{side}{place}",
                "player": {
                    "id": 10 * side + place, "nickname": f"player{side}{place}", "slug": f"player{side}{place}-cs-go"
                },
            },
        }
        for side, clan in enumerate(clans)
        for place in range(5)
    ]  # fmt: skip


def host_time(moment: datetime) -> str:
    """Format a time as the host does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+00:00")


class Bo3ggHost:
    """Host that responds with its matches, their maps, and the statistics of each map.

    Attributes:
        max_page: Most results of a page, whatever is requested.
        unknown_filters: Filters that this host ignores.
        clans: Teams behind the clans of a game, by id of the game: they come with single requests only.
    """

    def __init__(self, *matches: dict[str, Any], games: tuple[dict[str, Any], ...] = ()) -> None:
        self.matches, self.games = list(matches), list(games)
        self.player_stats: dict[int, Any] = {game["id"]: bo3gg_player_stats(game["id"]) for game in games}
        self.vetoes: dict[int, list[dict[str, Any]]] = {}
        self.clans: dict[int, dict[str, Any]] = {}
        self.max_page = 100
        self.unknown_filters: set[str] = set()

    def __call__(self, request: Request) -> Reply:
        path = request.path.removeprefix(PREFIX)
        known = {name: value for name, value in request.params.items() if name not in self.unknown_filters}
        if path == "/matches":
            assert known["sort"] == "start_date"
            return self.page(self.listed(known), known)
        if path == "/games":
            wanted = known.get(GAMES_OF)
            ids = {int(number) for number in wanted.split(",")} if wanted else None
            games = [game for game in self.games if ids is None or game["match_id"] in ids]
            return self.page([game | self.clans.get(game["id"], {}) for game in games], known)
        if path.startswith("/matches/"):
            [match] = [match for match in self.matches if match["slug"] == path.split("/")[2]]
            return Reply(match | {"match_maps": self.vetoes.get(match["id"], [])})
        stats = self.player_stats.get(int(path.split("/")[2]))
        return Reply({"error": "not found"}, status=404) if stats is None else Reply(stats)

    def listed(self, params: dict[str, str]) -> list[dict[str, Any]]:
        """Matches that fit the filters, in the order of their start, with their games."""
        since, discipline = params.get(SINCE, ""), params.get(DISCIPLINE)
        fitting = [
            match
            for match in self.matches
            if match["start_date"][:19] > since and discipline in (None, str(match["discipline_id"]))
        ]
        fitting.sort(key=lambda match: str(match["start_date"]))
        return [
            match | {"games": [game for game in self.games if game["match_id"] == match["id"]]} for match in fitting
        ]

    def page(self, results: list[dict[str, Any]], params: dict[str, str]) -> Reply:
        """Return a page of results."""
        first, limit = int(params["page[offset]"]), min(int(params["page[limit]"]), self.max_page)
        total = {"count": len(results), "offset": first, "limit": limit}
        return Reply({"total": total, "results": results[first : first + limit]})


@contextmanager
def bo3gg_source(
    responder: Responder,
    database_url: str,
    *,
    pause_seconds: float = 0.0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = lambda _: None,
) -> Iterator[tuple[Bo3ggSource, Site]]:
    """A source that polls a local server, and the server. Nothing really waits."""
    with site(responder) as server:
        cache = ResponseCache(database_url, SourceName.BO3GG)

        def connect() -> JsonApi:
            return bo3gg_api(server, sleep)

        yield Bo3ggSource(cache, connect, pause_seconds=pause_seconds, now=now), server


def bo3gg_api(server: Site, sleep: Callable[[float], None] = lambda _: None) -> JsonApi:
    """A client of a local server whose rate limit never waits."""
    return JsonApi(f"{server.url}{PREFIX}", rates=(Rate(100_000, Duration.SECOND),), sleep=sleep)
