"""Responses of bo3.gg: the fields that are read, and checks of a list of matches.

The host ignores a filter that it does not know, and answers with other games and other days. So every list is checked.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pipelines.sources.incremental import ResponseModel

log = logging.getLogger(__name__)

COUNTER_STRIKE = 1
"""Number of the discipline."""

NOT_STORED = ("bet_updates", "ai_predictions", "live_updates")
"""Fields of a match that are dropped: prices and predictions, which are never read, and the running score."""


class Bo3ggTeam(ResponseModel):
    """A team of a match."""

    id: int
    name: str


class Bo3ggTournament(ResponseModel):
    """The event of a match."""

    name: str
    event_type: str | None = None


class Bo3ggMatch(ResponseModel):
    """A match, played or announced."""

    id: int
    status: str
    start_date: str
    bo_type: int | None
    tier: str | None
    forfeit: bool | None = None
    winner_team_id: int | None
    team1: Bo3ggTeam | None
    team2: Bo3ggTeam | None
    tournament: Bo3ggTournament | None
    maps_score: list[Any] | None = None
    """Whether team 1 won each map, in order."""


class Bo3ggClan(ResponseModel):
    """A side of a map: its name on the server, and the team that the host knows behind it."""

    clan_name: str | None
    team_id: int | None = None


class Bo3ggGame(ResponseModel):
    """A map of a match. Both sides have the name of their clan on the server."""

    id: int
    number: int | None
    status: str
    map_name: str | None
    winner_clan_name: str | None
    winner_clan_score: int | None
    loser_clan_name: str | None
    loser_clan_score: int | None
    winner_team_clan: Bo3ggClan | None = None
    loser_team_clan: Bo3ggClan | None = None


class Bo3ggPlayer(ResponseModel):
    """A player on the site."""

    id: int | None = None
    nickname: str | None
    slug: str | None = None


class Bo3ggSteamProfile(ResponseModel):
    """A player on the server."""

    id: int | None = None
    nickname: str | None
    player: Bo3ggPlayer | None


class Bo3ggTeamClan(ResponseModel):
    """The team of a player."""

    team_id: int | None = None


class Bo3ggPlayerStats(ResponseModel):
    """Statistics of a player on a map. ``player_rating`` is not read: it has a scale of its own."""

    id: int
    clan_name: str | None
    kills: int | None
    death: int | None
    adr: float | None
    kast: float | None
    steam_profile: Bo3ggSteamProfile | None
    team_clan: Bo3ggTeamClan | None = None

    @property
    def nickname(self) -> str:
        """Nickname on the site, else the name in its address, else the name on the server, else empty.

        The name on the server is whatever the player calls himself at that hour: it comes last.
        """
        profile = self.steam_profile
        if profile is None:
            return ""
        player = profile.player
        slug = (player.slug or "").removesuffix("-cs-go").strip("-") if player else ""
        return (player.nickname if player else None) or slug or profile.nickname or ""


class Bo3ggVetoMap(ResponseModel):
    """The map of a step."""

    map_name: str | None


class Bo3ggVetoStep(ResponseModel):
    """A step of a veto."""

    order: int
    choice_type: int
    team_id: int | None
    maps: Bo3ggVetoMap | None


class UnexpectedListError(Exception):
    """A list of matches has another structure, or ignores the request. The message says which field or filter."""


@dataclass(frozen=True, slots=True)
class MatchPage:
    """A page of the list of matches.

    Attributes:
        matches: Counter-Strike matches by id, without ``NOT_STORED``.
        days: Day of each match (UTC), by id.
        starts: Start of every match on the page, of other games too, in order.
        n_matching: Matches from the first of this page on, or None if the host does not say.
    """

    matches: dict[int, Any]
    days: dict[int, date]
    starts: list[datetime]
    n_matching: int | None


def parse_start(match: dict[str, Any]) -> datetime | None:
    """Return the start of a match in UTC. None if it is missing or not a time."""
    text = match.get("start_date")
    try:
        start = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if start is None:
        return None
    return start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)


def parse_results(response: Any) -> list[dict[str, Any]]:
    """Return the results of a list.

    Raises:
        UnexpectedListError: If it is not a list of objects with an id.
    """
    results = response.get("results") if isinstance(response, dict) else None
    if not isinstance(results, list):
        raise UnexpectedListError("field results is missing or not a list")
    if not all(isinstance(result, dict) and isinstance(result.get("id"), int) for result in results):
        raise UnexpectedListError("field results.id is missing or not int")
    return results


def parse_match_page(response: Any, since: datetime) -> MatchPage:
    """Check a page of matches that start after ``since``, in the order of their start.

    Matches of other games are dropped: the host may ignore the filter.

    Raises:
        UnexpectedListError: If the structure is another one, or the matches are not those that were requested.
    """
    results = parse_results(response)
    starts: list[datetime] = []
    for match in results:
        start = parse_start(match)
        if start is None:
            raise UnexpectedListError(
                f"match {match['id']}: field start_date is not a time, got {match.get('start_date')!r:.80}"
            )
        if not isinstance(match.get("discipline_id"), int):
            raise UnexpectedListError(f"match {match['id']}: field discipline_id is missing or not int")
        starts.append(start)
    if starts and min(starts) < since:
        early = results[starts.index(min(starts))]
        raise UnexpectedListError(
            f"match {early['id']} starts {early['start_date']}, before {since:%Y-%m-%dT%H:%M:%S}: the host ignores the "
            "filter of start_date; the interface has changed"
        )
    if starts != sorted(starts):
        raise UnexpectedListError("the host ignores sort=start_date; the interface has changed")
    ours = [pair for pair in zip(results, starts, strict=True) if pair[0]["discipline_id"] == COUNTER_STRIKE]
    if len(ours) < len(results):
        log.warning(
            "bo3gg: %d of %d matches are of other games: filter ignored", len(results) - len(ours), len(results)
        )
    return MatchPage(
        matches={match["id"]: without_prices(match) for match, _ in ours},
        days={match["id"]: start.date() for match, start in ours},
        starts=starts,
        n_matching=_count(response),
    )


def without_prices(match: dict[str, Any]) -> dict[str, Any]:
    """Return a match without the fields that are never stored."""
    return {name: value for name, value in match.items() if name not in NOT_STORED}


def group_games(games: Iterable[dict[str, Any]], match_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
    """Group games by match; games of other matches are dropped, as the host may ignore the filter."""
    by_match: dict[int, list[dict[str, Any]]] = {match_id: [] for match_id in match_ids}
    for game in games:
        if game.get("match_id") in by_match:
            by_match[game["match_id"]].append(game)
    return by_match


def _count(response: dict[str, Any]) -> int | None:
    total = response.get("total")
    count = total.get("count") if isinstance(total, dict) else None
    return count if isinstance(count, int) else None
