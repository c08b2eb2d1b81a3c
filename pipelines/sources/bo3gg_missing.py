"""What is still to be requested about the stored matches of bo3.gg."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from pipelines.sources.base import SourceError
from pipelines.sources.bo3gg_requests import GAMES, GAMES_PER_REQUEST, MATCH, NOTHING, PLAYERS, VETO, Bo3ggRequests
from pipelines.sources.bo3gg_responses import Bo3ggGame, Bo3ggMatch, parse_start
from pipelines.sources.bo3gg_rows import clan_teams, winning_team
from pipelines.sources.incremental import parse_response
from pipelines.sources.response_cache import ResponseCache

STATS_READY = "done"
"""``parsed_status`` of a match whose maps have statistics, 7 to 33 hours after its end. Many never get any."""

UNCLEAR_DAYS = 3
"""Days after which statistics are requested once where ``parsed_status`` is missing."""


@dataclass(frozen=True, slots=True)
class MissingDetails:
    """Requests that are still to be made, the newest match first.

    Attributes:
        games: Day of each match without usable games, by id.
        player_stats: Game and day.
        vetoes: Match, its name in the address, and day.
    """

    games: dict[int, date] = field(default_factory=dict)
    player_stats: list[tuple[int, date]] = field(default_factory=list)
    vetoes: list[tuple[int, str, date]] = field(default_factory=list)

    @property
    def n_requests(self) -> int:
        """Number of requests."""
        return len(self.game_batches()) + len(self.player_stats) + len(self.vetoes)

    def game_batches(self) -> list[dict[int, date]]:
        """Matches whose games are requested at once."""
        items = list(self.games.items())
        return [dict(items[first : first + GAMES_PER_REQUEST]) for first in range(0, len(items), GAMES_PER_REQUEST)]

    def calls(self, requests: Bo3ggRequests) -> Iterator[Callable[[], None]]:
        """Return one call per request, in the order of their worth: games, statistics, vetoes."""
        for batch in self.game_batches():
            yield partial(requests.games, batch)
        for game_id, day in self.player_stats:
            yield partial(requests.player_stats, game_id, day)
        for match_id, slug, day in self.vetoes:
            yield partial(requests.veto, match_id, slug, day)


def find_missing(cache: ResponseCache, since: date, before: date | None, now: datetime) -> MissingDetails:
    """Find what is still to be requested about the finished matches of some days.

    Args:
        cache: The stored responses.
        since: First day.
        before: Day after the last one; None: to the end.
        now: The clock, in UTC.
    """
    finished = {
        key: match
        for key, match in cache.load(MATCH, since=since, before=before)
        if match.get("status") == "finished" and not match.get("forfeit") and match.get("team1") and match.get("team2")
    }
    games = dict(cache.load(GAMES, keys=finished))
    settled = {kind: cache.load_keys(kind, since=since - timedelta(days=1)) for kind in (PLAYERS, VETO, *NOTHING)}
    no_games, no_players, no_veto = (settled[kind] for kind in NOTHING)
    missing = MissingDetails()
    for key, match in sorted(finished.items(), key=lambda item: str(item[1].get("start_date")), reverse=True):
        start = parse_start(match)
        if start is None:
            continue
        requested = games.get(key, [])
        played = match.get("games") or requested
        if key not in no_games and (_is_incomplete(match, played) or (not requested and _is_unclear(match, played))):
            missing.games[key] = start.date()
        if _has_stats(match, start, now):
            missing.player_stats.extend(
                (game["id"], start.date())
                for game in played
                if isinstance(game.get("id"), int)
                and game.get("status") == "finished"
                and game["id"] not in settled[PLAYERS]
                and game["id"] not in no_players
            )
        if key not in settled[VETO] and key not in no_veto:
            missing.vetoes.append((key, str(match.get("slug") or ""), start.date()))
    return missing


def _has_stats(match: dict[str, Any], start: datetime, now: datetime) -> bool:
    """Whether to request the statistics of a match: it says that it has some, or it is old and does not say."""
    status = match.get("parsed_status")
    return bool(status == STATS_READY or (status is None and start < now - timedelta(days=UNCLEAR_DAYS)))


def _is_incomplete(match: dict[str, Any], games: list[Any]) -> bool:
    """Whether fewer maps are known than the score of the series has."""
    scores = (match.get("team1_score"), match.get("team2_score"))
    n_played = sum(score for score in scores if isinstance(score, int))
    return sum(1 for game in games if game.get("status") == "finished") < max(n_played, 1)


def _is_unclear(match: dict[str, Any], games: list[Any]) -> bool:
    """Whether the winner of a map is unknown: the teams behind the clans may tell."""
    try:
        parsed = parse_response(Bo3ggMatch, match, "bo3gg match")
        known = clan_teams(parsed, games)
        finished = [parse_response(Bo3ggGame, game, "bo3gg game") for game in games if game.get("status") == "finished"]
    except SourceError:
        return False  # a changed field is named where rows are made from it; other requests go on
    return any(winning_team(parsed, game, known) == 0 for game in finished)
