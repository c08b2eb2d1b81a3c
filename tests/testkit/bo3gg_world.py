"""A bo3.gg of many thousand matches that live on a virtual clock. A match is made when it is requested.

What happens to a match follows from its number, as on the real host: games appear late, statistics come hours later or
never, scores are corrected, matches are entered days later, clans have other names than their teams.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.testkit.bo3gg_host import (
    DISCIPLINE,
    GAMES_OF,
    PREFIX,
    SINCE,
    Bo3ggHost,
    bo3gg_game,
    bo3gg_match,
    bo3gg_player_stats,
)
from tests.testkit.web import Reply, Request

SERIES = timedelta(hours=3)
"""From the start of a match to its end."""

ANNOUNCED = timedelta(days=3)
"""From the announcement of a match to its start."""

LATE_ENTRY = timedelta(days=2)
"""From the start of some matches to the time when the host has them."""

MAPS = ("de_nuke", "de_mirage", "de_ancient")


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, start: datetime) -> None:
        self.moment = start

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Bo3ggWorld(Bo3ggHost):
    """A host with ``n_matches`` matches that start from ``origin`` on, ``per_day`` a day, several at one time.

    Attributes:
        requests_per_minute: More are answered with 429. None: no limit.
        refused: Number of such answers.
    """

    def __init__(self, clock: Clock, origin: datetime, n_matches: int, *, per_day: int) -> None:
        super().__init__()
        self.clock, self.origin, self.n_matches, self.per_day = clock, origin, n_matches, per_day
        self.requests_per_minute: int | None = None
        self.refused = 0
        self._minute: tuple[datetime, int] = (clock.now(), 0)

    def __call__(self, request: Request) -> Reply:
        if self._is_too_much():
            self.refused += 1
            return Reply({"error": "too many requests"}, status=429, headers={"Retry-After": "60"})
        path, params = request.path.removeprefix(PREFIX), request.params
        if path == "/matches":
            return self._match_page(params)
        if path == "/games":
            numbers = [int(number) - 1 for number in params[GAMES_OF].split(",")]
            return self.page([game for number in numbers for game in self.games_of(number)], params)
        if path.startswith("/matches/"):
            number = int(path.rsplit("-", 1)[1]) - 1
            return Reply(self.match(number) | {"match_maps": veto_steps(number)})
        game_id = int(path.split("/")[2])
        number = game_id // 10 - 1
        return Reply(bo3gg_player_stats(game_id, clans(number)) if self.has_stats(number) else [])

    def start(self, number: int) -> datetime:
        """Start of a match: at a full hour."""
        moment = self.origin + number * timedelta(days=1) / self.per_day
        return moment.replace(minute=0, second=0, microsecond=0)

    def ended(self, number: int, later: timedelta = timedelta()) -> bool:
        """Whether a match ended, at least ``later`` ago."""
        return self.clock.now() >= self.start(number) + SERIES + later

    def is_listed(self, number: int) -> bool:
        """Whether the host has the match. One in 40 is entered two days after its start."""
        return number % 40 != 5 or self.clock.now() >= self.start(number) + LATE_ENTRY

    def has_games(self, number: int) -> bool:
        """Whether the match has its maps. In one match of 7 they appear half a day late."""
        return self.ended(number, timedelta(hours=12 if number % 7 == 0 else 0))

    def is_parsed(self, number: int) -> bool:
        """Whether the statistics are there: after 7 to 13 hours, and never in one match of four."""
        return number % 4 != 1 and self.ended(number, timedelta(hours=7 + number % 7))

    def has_stats(self, number: int) -> bool:
        """Whether the host has statistics."""
        return self.is_parsed(number)

    def winner(self, number: int) -> int:
        """Number of the team that won. One match of 10 is corrected 30 hours after its end."""
        is_corrected = number % 10 != 3 or self.ended(number, timedelta(hours=30))
        return number % 2 + 1 if is_corrected else 2 - number % 2

    def games_of(self, number: int) -> list[dict[str, Any]]:
        """The two maps of a match that ended."""
        if not self.has_games(number):
            return []
        won, lost = clans(number)[:: 1 if self.winner(number) == 1 else -1]
        return [
            bo3gg_game(
                place, id=10 * (number + 1) + place, match_id=number + 1, map_name=MAPS[place],
                winner_clan_name=won, loser_clan_name=lost, loser_clan_score=number % 12,
            )
            for place in (1, 2)
        ]  # fmt: skip

    def match(self, number: int) -> dict[str, Any]:
        """A match as the list has it."""
        start, winner = self.start(number), self.winner(number)
        ended = self.ended(number)
        status = "finished" if ended else "current" if self.clock.now() >= start else "upcoming"
        scores = {"team1_score": 2 * (winner == 1), "team2_score": 2 * (winner == 2)} if ended else {}
        return bo3gg_match(
            number + 1, start, status=status, winner_team_id=teams(number)[winner - 1]["id"] if ended else None,
            team1=teams(number)[0], team2=teams(number)[1], games=self.games_of(number),
            parsed_status="done" if self.is_parsed(number) else "waiting",
            maps_score=[winner == 1] * 2 if ended else None, **scores,
        )  # fmt: skip

    def _match_page(self, params: dict[str, str]) -> Reply:
        first, limit = int(params["page[offset]"]), min(int(params["page[limit]"]), self.max_page)
        begin = 0 if SINCE in self.unknown_filters else self.first_after(_moment(params[SINCE]))
        end = self.first_after(self.clock.now() + ANNOUNCED)
        hidden = range(self.first_after(self.clock.now() - LATE_ENTRY) // 40 * 40 + 5, end, 40)
        n_listed = end - begin - sum(number >= begin and not self.is_listed(number) for number in hidden)
        disciplines = (1, 2) if DISCIPLINE in self.unknown_filters else (1,)
        results: list[dict[str, Any]] = []
        position = 0
        for number in range(begin, end):
            for discipline in disciplines if self.is_listed(number) else ():
                if position >= first and len(results) < limit:
                    other = {} if discipline == 1 else {"id": 10_000_000 + number, "discipline_id": discipline}
                    results.append(self.match(number) | other)
                position += 1
            if len(results) == limit:
                break
        return Reply({"total": {"count": n_listed * len(disciplines)}, "results": results})

    def first_after(self, moment: datetime) -> int:
        """Return the number of the first match that starts after a moment."""
        days = (moment - self.origin) / timedelta(days=1)
        number = max(int((days - 1) * self.per_day), 0)
        while number < self.n_matches and self.start(number) <= moment:
            number += 1
        return min(number, self.n_matches)

    def _is_too_much(self) -> bool:
        if self.requests_per_minute is None:
            return False
        begun, count = self._minute
        if self.clock.now() - begun >= timedelta(minutes=1):
            begun, count = self.clock.now(), 0
        self._minute = (begun, count + 1)
        return count >= self.requests_per_minute


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def teams(number: int) -> list[dict[str, Any]]:
    """The two teams of a match."""
    return [{"id": 2 * place, "name": f"Squad {2 * place}"} for place in (number % 60 + 1, number % 60 + 61)]


def clans(number: int) -> tuple[str, str]:
    """Names of both sides on the server. In one match of five they fit no team, and ``maps_score`` decides."""
    if number % 5 == 2:
        return f"mix-{number % 60}-a", f"mix-{number % 60}-b"
    first, second = teams(number)
    return str(first["name"]), str(second["name"])


def veto_steps(number: int) -> list[dict[str, Any]]:
    """A ban, a pick and the decider."""
    first, second = teams(number)
    steps = ((1, 2, first["id"], "de_train"), (2, 1, second["id"], "de_mirage"), (3, 3, None, "de_ancient"))
    return [
        {"order": order, "choice_type": choice, "team_id": team, "maps": {"map_name": name}}
        for order, choice, team, name in steps
    ]
