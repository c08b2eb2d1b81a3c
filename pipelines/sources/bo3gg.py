"""bo3.gg's public JSON, which nobody promised: maps with rounds, lineups and statistics, series, matches to come.

Prices and predictions come with its matches: prices of finished matches are in-play ones. Neither is ever read.
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
AGAIN_DAYS = 3
"""Results of so many days are looked at again: they come late and are corrected."""

_MOMENT = TypeAdapter(datetime)


class Team(ResponseModel):
    """A team of a match."""

    id: int
    name: str


class Tournament(ResponseModel):
    """Where it is played."""

    name: str
    event_type: str | None = None


class Match(ResponseModel):
    """A match, played or to come."""

    id: int
    status: str
    start_date: str
    bo_type: int | None
    tier: str | None
    forfeit: bool | None = None
    winner_team_id: int | None
    team1: Team | None
    team2: Team | None
    tournament: Tournament | None


class Game(ResponseModel):
    """A map; both sides by the names of their clans."""

    id: int
    number: int
    status: str
    map_name: str | None
    winner_clan_name: str | None
    winner_clan_score: int | None
    loser_clan_name: str | None
    loser_clan_score: int | None


class Player(ResponseModel):
    """Who they are on the site."""

    nickname: str | None


class Profile(ResponseModel):
    """Who they are on the server."""

    nickname: str | None
    player: Player | None


class Line(ResponseModel):
    """A player's statistics of a map. ``player_rating`` is of their own making: not read."""

    id: int
    clan_name: str | None
    kills: int | None
    death: int | None
    adr: float | None
    kast: float | None
    steam_profile: Profile | None


class Bo3ggSource(IncrementalSource):
    """Its Counter-Strike matches of the last weeks."""

    name = SourceName.BO3GG
    days = 30

    def fetch(self, api: JsonApi) -> Iterator[None]:
        """The list of matches from the cursor on, then the maps of each finished one, and the players of each map.

        Raises:
            SourceError: If a list is none.
        """
        now = datetime.now(UTC)
        since = self.payloads.note("start_date") or _bound(now - timedelta(days=self.days))
        offset = 0
        while True:
            found = self._listed(api.get("/matches", _matches(since, offset)), "/matches")
            self.payloads.keep("match", found)
            yield
            if len(found) < PAGE_SIZE:
                break
            offset += PAGE_SIZE
        have, players = self.payloads.keys("games"), self.payloads.keys("players")
        for key, payload in self.payloads.all("match"):
            if payload.get("status") != "finished":
                continue
            if key not in have:
                games = api.get("/games", {"page[limit]": 10, "filter[games.match_id][eq]": key})
                self.payloads.keep("games", [(key, [game for _, game in self._listed(games, "/games")])])
                yield
        recent = _bound(now - timedelta(days=AGAIN_DAYS))
        started = {key: str(payload.get("start_date")) for key, payload in self.payloads.all("match")}
        for key, games in self.payloads.all("games"):
            for game in games:
                if game["id"] not in players and game.get("status") == "finished":
                    path = f"/games/{game['id']}/players_stats"
                    lines = api.get(path)
                    if not isinstance(lines, list):
                        raise self.unread(path, lines, "not a list")
                    if lines or started.get(key, "") < recent:  # they come later than the result
                        self.payloads.keep("players", [(game["id"], lines)])
                    yield
        self.payloads.keep("", (), start_date=recent)

    def _listed(self, answer: Any, path: str) -> list[tuple[int, Any]]:
        found = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise self.unread(path, answer, "field results is missing or no list")
        if not all(isinstance(one, dict) and isinstance(one.get("id"), int) for one in found):
            raise self.unread(path, answer, "field results.id is missing or no int")
        return [(one["id"], one) for one in found]

    def rows(self, today: date) -> Iterable[tuple[RowKind, dict[str, str]]]:
        """Series, their maps with the players, and the matches to come.

        Raises:
            SourceError: If a field changed its name or type.
        """
        games, players = dict(self.payloads.all("games")), dict(self.payloads.all("players"))
        for key, payload in self.payloads.all("match"):
            match = parse_response(Match, payload, f"bo3gg match {key}")
            row = _common(match, today)
            if row is None or match.forfeit or match.team1 is None or match.team2 is None:
                continue
            ids = [match.team1.id, match.team2.id]
            if match.status == "upcoming" and row["date"] >= today.isoformat():
                yield RowKind.FIXTURE, row
            elif match.status == "finished" and match.winner_team_id in ids and row["date"] <= today.isoformat():
                yield from _maps(row, games.get(key, []), players)
                winner = str(ids.index(match.winner_team_id) + 1)
                yield RowKind.SERIES, {**row, "winner": winner, "team1_players": "", "team2_players": ""}


def _bound(moment: datetime) -> str:
    """As its filters take moments: UTC, without saying so."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _matches(since: str, offset: int) -> dict[str, str | int]:
    return {
        "page[limit]": PAGE_SIZE,
        "page[offset]": offset,
        "sort": "start_date",
        "filter[matches.discipline_id][eq]": COUNTER_STRIKE,
        "filter[matches.start_date][gt]": since,
        "with": "teams,tournament",
    }


def _common(match: Match, today: date) -> dict[str, str] | None:
    if match.team1 is None or match.team2 is None:
        return None
    try:
        moment = _MOMENT.validate_python(match.start_date).astimezone(UTC)
    except ValidationError as error:
        raise SourceError(f"bo3gg match {match.id}: field start_date is no time: {match.start_date!r}") from error
    event_type = match.tournament.event_type if match.tournament else None
    return {
        "row_key": str(match.id),
        "month": min(moment.date(), today).replace(day=1).isoformat(),
        "date": moment.date().isoformat(),
        "start_time": moment.isoformat(),
        "event": match.tournament.name if match.tournament else "",
        "tier": match.tier or "",
        "lan": {"lan": "1", "online": "0"}.get(event_type or "", ""),
        "best_of": str(match.bo_type or ""),
        "team1": match.team1.name,
        "team2": match.team2.name,
    }


def _maps(row: dict[str, str], games: list[Any], players: dict[int, Any]) -> Iterator[tuple[RowKind, dict[str, str]]]:
    sides = (team_key(row["team1"]), team_key(row["team2"]))
    for payload in games:
        game = parse_response(Game, payload, f"bo3gg game of match {row['row_key']}")
        if game.status != "finished":
            continue
        lines = [parse_response(Line, line, f"bo3gg players of game {game.id}") for line in players.get(game.id, [])]
        won, lost = (team_key(name or "") for name in (game.winner_clan_name, game.loser_clan_name))
        # Clans are often spelled as the teams; where one is, the other is the other one.
        winner = 1 if won == sides[0] or lost == sides[1] else 2 if won == sides[1] or lost == sides[0] else 0
        score = [
            str(number) if number is not None else "" for number in (game.winner_clan_score, game.loser_clan_score)
        ]
        clans = [won, lost] if winner == 1 else [lost, won]
        lineups = ["|".join(sorted(_nickname(line) for line in lines if _of(line, clan))) for clan in clans]
        told = {
            **row,
            "row_key": f"{row['row_key']}/{game.id}",
            "hltv_match_id": f"bo3gg/{row['row_key']}",
            "map": (game.map_name or "").removeprefix("de_").capitalize(),
            "map_number": str(game.number),
            "winner": str(winner or ""),
            "score1": score[0] if winner == 1 else score[1],
            "score2": score[1] if winner == 1 else score[0],
            "team1_players": lineups[0] if winner else "",
            "team2_players": lineups[1] if winner else "",
        }
        yield RowKind.MAP, told
        for line in lines:
            if _nickname(line):
                yield RowKind.PLAYER_MAP, _player_row(told, line)


def _of(line: Line, clan: str) -> bool:
    return bool(_nickname(line)) and team_key(line.clan_name or "") == clan


def _nickname(line: Line) -> str:
    profile = line.steam_profile
    if profile is None:
        return ""
    return (profile.player.nickname if profile.player else None) or profile.nickname or ""


def _player_row(told: dict[str, str], line: Line) -> dict[str, str]:
    facts = {"kills": line.kills, "deaths": line.death, "adr": line.adr}
    return {
        **{name: told[name] for name in ("date", "month", "team1", "team2", "map")},
        **{name: "" if value is None else str(value) for name, value in facts.items()},
        "kast": "" if line.kast is None else f"{100 * line.kast:.1f}",
        "player": _nickname(line),
        "row_key": f"{told['row_key']}/{line.id}",
    }
