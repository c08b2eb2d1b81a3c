"""bo3.gg's undocumented public JSON: maps with rounds, lineups and statistics, series, announced matches.

Its matches include prices and predictions. Neither is ever read: the prices of finished matches are in-play prices.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cs2.settings import SourceName
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.http import JsonApi
from pipelines.sources.incremental import IncrementalSource, ResponseModel, parse_response
from pipelines.spelling import team_key

COUNTER_STRIKE = 1
PAGE_SIZE = 50
REFETCH_DAYS = 3
"""Fetch the matches of the last days with every poll: results arrive late and are corrected."""

_TIME = TypeAdapter(datetime)


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


class Bo3ggGame(ResponseModel):
    """A map of a match. Both sides have the name of their clan on the server."""

    id: int
    number: int
    status: str
    map_name: str | None
    winner_clan_name: str | None
    winner_clan_score: int | None
    loser_clan_name: str | None
    loser_clan_score: int | None


class Bo3ggPlayer(ResponseModel):
    """A player on the site."""

    nickname: str | None


class Bo3ggSteamProfile(ResponseModel):
    """A player on the server."""

    nickname: str | None
    player: Bo3ggPlayer | None


class Bo3ggPlayerStats(ResponseModel):
    """Statistics of a player on a map. ``player_rating`` is not read: it has a scale of its own."""

    id: int
    clan_name: str | None
    kills: int | None
    death: int | None
    adr: float | None
    kast: float | None
    steam_profile: Bo3ggSteamProfile | None

    @property
    def nickname(self) -> str:
        """Nickname on the site, else on the server, else empty."""
        profile = self.steam_profile
        if profile is None:
            return ""
        return (profile.player.nickname if profile.player else None) or profile.nickname or ""


class Bo3ggSource(IncrementalSource):
    """bo3.gg's Counter-Strike matches of the last weeks. The cursor is a ``start_date``."""

    name = SourceName.BO3GG
    days = 30

    def fetch(self, api: JsonApi) -> Iterator[None]:
        """Fetch the matches from the cursor on, then the maps of finished matches, then the players of each map.

        Raises:
            SourceError: If a response is not a list of objects with an id.
        """
        now = datetime.now(UTC)
        recent = _filter_time(now - timedelta(days=REFETCH_DAYS))
        yield from self._fetch_matches(api, self.cache.load_cursor() or _filter_time(now - timedelta(days=self.days)))
        yield from self._fetch_games(api)
        yield from self._fetch_player_stats(api, recent)
        self.cache.store("match", (), cursor=recent)

    def _fetch_matches(self, api: JsonApi, since: str) -> Iterator[None]:
        offset = 0
        while True:
            matches = self._parse_results(api.get("/matches", _match_params(since, offset)), "/matches")
            self.cache.store("match", matches)
            yield
            if len(matches) < PAGE_SIZE:
                return
            offset += PAGE_SIZE

    def _fetch_games(self, api: JsonApi) -> Iterator[None]:
        stored = self.cache.load_keys("games")
        for match_id, match in self.cache.load("match"):
            if match.get("status") == "finished" and match_id not in stored:
                response = api.get("/games", {"page[limit]": 10, "filter[games.match_id][eq]": match_id})
                self.cache.store("games", [(match_id, [game for _, game in self._parse_results(response, "/games")])])
                yield

    def _fetch_player_stats(self, api: JsonApi, recent: str) -> Iterator[None]:
        stored = self.cache.load_keys("players")
        started = {match_id: str(match.get("start_date")) for match_id, match in self.cache.load("match")}
        for match_id, games in self.cache.load("games"):
            for game in games:
                if game["id"] in stored or game.get("status") != "finished":
                    continue
                path = f"/games/{game['id']}/players_stats"
                stats = api.get(path)
                if not isinstance(stats, list):
                    raise self.store_unexpected(path, stats, "not a list")
                if stats or started.get(match_id, "") < recent:  # statistics arrive later than the result
                    self.cache.store("players", [(game["id"], stats)])
                yield

    def _parse_results(self, response: Any, path: str) -> list[tuple[int, Any]]:
        """Return id and object of each result in a response."""
        results = response.get("results") if isinstance(response, dict) else None
        if not isinstance(results, list):
            raise self.store_unexpected(path, response, "field results is missing or not a list")
        if not all(isinstance(result, dict) and isinstance(result.get("id"), int) for result in results):
            raise self.store_unexpected(path, response, "field results.id is missing or not int")
        return [(result["id"], result) for result in results]

    def rows(self, today: date) -> Iterable[tuple[RowKind, dict[str, str]]]:
        """Rows of series, of their maps and players, and of announced matches.

        Raises:
            SourceError: If a field changed its name or type.
        """
        games, player_stats = dict(self.cache.load("games")), dict(self.cache.load("players"))
        for match_id, response in self.cache.load("match"):
            match = parse_response(Bo3ggMatch, response, f"bo3gg match {match_id}")
            if match.team1 is None or match.team2 is None:
                continue
            row = _match_row(match, match.team1, match.team2, today)
            if match.forfeit:
                continue
            team_ids = [match.team1.id, match.team2.id]
            if match.status == "upcoming" and row["date"] >= today.isoformat():
                yield RowKind.FIXTURE, row
            elif match.status == "finished" and match.winner_team_id in team_ids and row["date"] <= today.isoformat():
                yield from _map_rows(row, games.get(match_id, []), player_stats)
                winner = str(team_ids.index(match.winner_team_id) + 1)
                yield RowKind.SERIES, {**row, "winner": winner, "team1_players": "", "team2_players": ""}


def _filter_time(moment: datetime) -> str:
    """Format a time as the interface's filters expect it: UTC without an offset."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _match_params(since: str, offset: int) -> dict[str, str | int]:
    return {
        "page[limit]": PAGE_SIZE,
        "page[offset]": offset,
        "sort": "start_date",
        "filter[matches.discipline_id][eq]": COUNTER_STRIKE,
        "filter[matches.start_date][gt]": since,
        "with": "teams,tournament",
    }


def _match_row(match: Bo3ggMatch, team1: Bo3ggTeam, team2: Bo3ggTeam, today: date) -> dict[str, str]:
    try:
        start = _TIME.validate_python(match.start_date).astimezone(UTC)
    except ValidationError as error:
        raise SourceError(f"bo3gg match {match.id}: field start_date is not a time: {match.start_date!r}") from error
    event_type = match.tournament.event_type if match.tournament else None
    return {
        "row_key": str(match.id),
        "month": min(start.date(), today).replace(day=1).isoformat(),  # the partitions end with the running month
        "date": start.date().isoformat(),
        "start_time": start.isoformat(),
        "event": match.tournament.name if match.tournament else "",
        "tier": match.tier or "",
        "lan": {"lan": "1", "online": "0"}.get(event_type or "", ""),
        "best_of": str(match.bo_type or ""),
        "team1": team1.name,
        "team2": team2.name,
    }


def _map_rows(
    match_row: dict[str, str], games: list[Any], player_stats: dict[int, Any]
) -> Iterator[tuple[RowKind, dict[str, str]]]:
    for response in games:
        game = parse_response(Bo3ggGame, response, f"bo3gg game of match {match_row['row_key']}")
        if game.status != "finished":
            continue
        origin = f"bo3gg players of game {game.id}"
        stats = [parse_response(Bo3ggPlayerStats, line, origin) for line in player_stats.get(game.id, [])]
        row = _map_row(match_row, game, stats)
        yield RowKind.MAP, row
        for line in stats:
            if line.nickname:
                yield RowKind.PLAYER_MAP, _player_row(row, line)


def _map_row(match_row: dict[str, str], game: Bo3ggGame, stats: list[Bo3ggPlayerStats]) -> dict[str, str]:
    """Row of a map. Winner, rounds and lineups are those of the teams whose names match the clans; empty if none do."""
    teams = (team_key(match_row["team1"]), team_key(match_row["team2"]))
    won, lost = team_key(game.winner_clan_name or ""), team_key(game.loser_clan_name or "")
    # One matching name is enough: the other clan is then the other team.
    winner = 1 if won == teams[0] or lost == teams[1] else 2 if won == teams[1] or lost == teams[0] else 0
    winner_first = [(won, game.winner_clan_score), (lost, game.loser_clan_score)]
    sides = winner_first if winner == 1 else winner_first[::-1]
    lineups = [
        "|".join(sorted(line.nickname for line in stats if line.nickname and team_key(line.clan_name or "") == clan))
        for clan, _ in sides
    ]
    scores = ["" if score is None else str(score) for _, score in sides]
    return {
        **match_row,
        "row_key": f"{match_row['row_key']}/{game.id}",
        "hltv_match_id": f"bo3gg/{match_row['row_key']}",  # maps that share it are one series
        "map": (game.map_name or "").removeprefix("de_").capitalize(),
        "map_number": str(game.number),
        "winner": str(winner or ""),
        "score1": scores[0],
        "score2": scores[1],
        "team1_players": lineups[0] if winner else "",
        "team2_players": lineups[1] if winner else "",
    }


def _player_row(map_row: dict[str, str], stats: Bo3ggPlayerStats) -> dict[str, str]:
    values = {"kills": stats.kills, "deaths": stats.death, "adr": stats.adr}
    return {
        **{name: map_row[name] for name in ("date", "month", "team1", "team2", "map")},
        **{name: "" if value is None else str(value) for name, value in values.items()},
        "kast": "" if stats.kast is None else f"{100 * stats.kast:.1f}",
        "player": stats.nickname,
        "row_key": f"{map_row['row_key']}/{stats.id}",
    }
