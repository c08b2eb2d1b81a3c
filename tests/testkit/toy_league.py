"""A league of two teams and their players in PostgreSQL, and ratings of it."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cs2.calendar import day_number
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot
from cs2.forecasting.ratings.state import RatingState
from cs2.storage.engine import make_engine
from cs2.storage.tables import Map, Player, PlayerAlias, Team, TeamAlias

AS_OF = date(2025, 12, 31)
"""Last day that the ratings include."""
TODAY = date(2026, 1, 5)
"""Day to which the service's clock is set."""


@dataclass(frozen=True, slots=True)
class League:
    """Ids of the stored map, teams and players."""

    nuke: int
    teams: list[int]
    lineups: list[list[int]]
    lonely: int
    """A team without a known lineup."""

    def question(self, **changes: Any) -> dict[str, Any]:
        return {"map_id": self.nuke, "team1_id": self.teams[0], "team2_id": self.teams[1], **changes}


@pytest.fixture
def league(postgres_url: str) -> League:
    """The toy league, stored in the test's database."""
    return make_league(postgres_url)


def make_league(postgres_url: str) -> League:
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        maps = [Map(name="Nuke"), Map(name="Mirage")]
        teams = [Team(name=name) for name in ("Vitality", "FURIA", "Los Kogutos")]
        players = [Player(nickname=f"player{i}") for i in range(1, 11)] + [Player(nickname="ZywOo")]
        session.add_all([*maps, *teams, *players])
        session.flush()
        session.add(TeamAlias(team_id=teams[0].id, name="Team Vitalité"))
        session.add_all([TeamAlias(team_id=team.id, name=team.name) for team in teams])
        session.add(PlayerAlias(player_id=players[-1].id, nickname="zywoo"))
        ids = [player.id for player in players]
        toy_league = League(maps[0].id, [team.id for team in teams[:2]], [ids[:5], ids[5:10]], teams[2].id)
    engine.dispose()
    return toy_league


def ratings_of(league: League, *, skill: float = 1.0) -> bytes:
    """Return ratings in which team 1 is better by ``skill``."""
    state = RatingState.empty(n_players=max(map(max, league.lineups)) + 1, n_teams=league.lonely + 1, n_maps=3)
    for team, lineup, sign in zip(league.teams, league.lineups, (0.5, -0.5), strict=True):
        state.skill[lineup, 0] = sign * skill
        state.player_maps[lineup] = 50
        state.lineup[team] = lineup
    day = day_number(AS_OF)
    return RatingSnapshot(as_of=day, features_version=FEATURES_VERSION, state=state).to_bytes()


def ratings_with_pool(league: League, *played: int, days_ago: int = 10) -> bytes:
    """Return ratings after ``played`` maps of Nuke and of Mirage."""
    snapshot = RatingSnapshot.from_bytes(ratings_of(league))
    pool, days = snapshot.state.pool.copy(), snapshot.state.pool_day.copy()
    for number, count in enumerate(played):
        pool[0, league.nuke + number] = count
    days[0] = snapshot.as_of - days_ago
    return replace(snapshot, state=replace(snapshot.state, pool=pool, pool_day=days)).to_bytes()
