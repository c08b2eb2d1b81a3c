"""bo3.gg on a local server: matches, maps and statistics, paged and filtered as the real host does."""

from collections.abc import Iterator
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


def bo3gg_match(number: int, start: datetime = YESTERDAY, **changes: Any) -> dict[str, Any]:
    match = {
        "id": number, "status": "finished", "start_date": start.strftime("%Y-%m-%dT%H:%M:%S.000+00:00"), "bo_type": 3,
        "tier": "s", "forfeit": False, "winner_team_id": 2, **TEAMS,
        "tournament": {"id": 5, "name": "Cup", "event_type": "lan"},
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


def bo3gg_player_stats(game_id: int) -> list[dict[str, Any]]:
    """Statistics of the ten players of a map."""
    return [
        {
            "id": 100 * game_id + 10 * side + place, "clan_name": clan, "kills": 20, "death": 11, "adr": 81.5,
            "kast": 0.75, "player_rating": 6.1,
            "steam_profile": {
                "nickname": f"steam{side}{place}", "player": {"id": place, "nickname": f"player{side}{place}"}
            },
        }
        for side, clan in enumerate(("BETA", "alpha gg"))
        for place in range(5)
    ]  # fmt: skip


class Bo3ggHost:
    """Host that responds with its matches, their maps, and the statistics of each map."""

    def __init__(self, *matches: dict[str, Any], games: tuple[dict[str, Any], ...] = ()) -> None:
        self.matches, self.games = list(matches), games
        self.player_stats: dict[int, Any] = {game["id"]: bo3gg_player_stats(game["id"]) for game in games}

    def __call__(self, request: Request) -> Reply:
        path, params = request.path.removeprefix(PREFIX), request.params
        if path == "/matches":
            assert params["filter[matches.discipline_id][eq]"] == "1"
            since = params["filter[matches.start_date][gt]"]
            later = [match for match in self.matches if match["start_date"][:19] > since]
            later.sort(key=lambda match: str(match["start_date"]))
            first = int(params["page[offset]"])
            page = later[first : first + int(params["page[limit]"])]
            return Reply({"total": {"count": len(later)}, "results": page})
        if path == "/games":
            match_id = int(params["filter[games.match_id][eq]"])
            return Reply({"results": [game for game in self.games if game["match_id"] == match_id]})
        return Reply(self.player_stats[int(path.split("/")[2])])


@contextmanager
def bo3gg_source(responder: Responder, database_url: str) -> Iterator[tuple[Bo3ggSource, Site]]:
    """A source that polls a local server without pauses, and the server."""
    with site(responder) as server:

        def connect() -> JsonApi:
            return JsonApi(f"{server.url}{PREFIX}", rates=(Rate(1_000, Duration.SECOND),), sleep=lambda _: None)

        yield Bo3ggSource(ResponseCache(database_url, SourceName.BO3GG), connect, pause_seconds=0), server
