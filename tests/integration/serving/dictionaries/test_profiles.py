"""Profiles of a team, a player and a map: from memory, without PostgreSQL."""

import math
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.storage.engine import make_engine
from cs2.storage.tables import Lineup, LineupPlayer, MapResult, Series
from tests.testkit.published_models import Models
from tests.testkit.service import Running
from tests.testkit.toy_league import AS_OF, League, ratings_of

LATER = date(2025, 12, 30)
DEAD = "postgresql+psycopg://cs2@127.0.0.1:1/cs2"


def play(postgres_url: str, league: League) -> None:
    """Store a win and a loss on Nuke, a loss on Mirage, and a result on which sources disagree."""
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        lineups = [
            Lineup(team_id=team, roster=",".join(map(str, five)))
            for team, five in zip(league.teams, league.lineups, strict=True)
        ]
        lineups.append(Lineup(team_id=league.lonely, roster=lineups[0].roster))
        session.add_all(lineups)
        session.flush()
        for lineup in lineups:
            players = map(int, lineup.roster.split(","))
            session.add_all([LineupPlayer(lineup_id=lineup.id, player_id=player) for player in players])
        days = {"first_day": LATER, "last_day": LATER, "forecast_day": LATER, "learn_day": LATER}
        both = {"team1_id": league.teams[0], "team2_id": league.teams[1]}
        both |= {f"forecast_{name}": team for name, team in both.items()}
        series = Series(natural_key="s", **both, **days)
        old = {name: date(2024, 1, 1) for name in days}
        earlier = Series(
            natural_key="e",
            team1_id=league.lonely,
            forecast_team1_id=league.lonely,
            team2_id=league.teams[1],
            forecast_team2_id=league.teams[1],
            lineup1_id=lineups[2].id,
            **old,
        )
        session.add_all([series, earlier])
        session.flush()
        maps = [(league.nuke, 1, False), (league.nuke, 2, False), (league.nuke + 1, 2, False), (league.nuke, 1, True)]
        for number, (played_map, winner, is_disputed) in enumerate(maps):
            session.add(
                MapResult(
                    natural_key=f"m{number}",
                    series_id=series.id,
                    map_id=played_map,
                    played_on=LATER,
                    order_in_day=number,
                    **both,
                    lineup1_id=lineups[0].id,
                    lineup2_id=lineups[1].id,
                    score_exact=True,
                    winner=winner,
                    winner_conflict=is_disputed,
                    date_suspect=False,
                    never_played=False,
                    doubtful=False,
                    is_rated=not is_disputed,
                )
            )
    engine.dispose()


def ratings_with_elo(league: League) -> bytes:
    snapshot = RatingSnapshot.from_bytes(ratings_of(league))
    elo, player_elo = snapshot.state.elo.copy(), snapshot.state.player_elo.copy()
    elo[league.teams[0]], player_elo[league.lineups[0]] = 0.25, 0.125
    return replace(snapshot, state=replace(snapshot.state, elo=elo, player_elo=player_elo)).to_bytes()


@pytest.mark.parametrize("is_postgresql_away", [False, True])
async def test_profiles_have_ratings_teams_and_results(
    running: Running, models: Models, postgres_url: str, is_postgresql_away: bool
) -> None:
    league = models.league
    play(postgres_url, league)
    models.publish()
    models.publish_ratings(ratings_with_elo(league))
    if is_postgresql_away:
        async with running():
            pass  # fills the disk cache
    async with running(**{"database_url": DEAD} if is_postgresql_away else {}) as service:
        team = (await service.get(f"/teams/{league.teams[0]}")).json()
        assert (team["name"], team["aliases"]) == ("Vitality", ["Team Vitalité"])
        assert [player["id"] for player in team["latest_five"]] == league.lineups[0]
        assert [(one["map"]["name"], one["played"], one["won"], one["lost"]) for one in team["maps"]] == [
            ("Nuke", 2, 1, 1),
            ("Mirage", 1, 0, 1),
        ]
        assert_rating(team["rating"], strength=0.5, elo=0.25)
        player = (await service.get(f"/players/{league.lineups[0][0]}")).json()
        assert [(one["team"]["name"], one["last_played_on"]) for one in player["teams"]] == [
            ("Vitality", str(LATER)),
            ("Los Kogutos", "2024-01-01"),
        ]
        assert_rating(player["rating"], strength=0.5, elo=0.125)
        assert player["rating"]["results"] == 50


def assert_rating(rating: dict[str, Any], *, strength: float, elo: float) -> None:
    """Check the values, the date and the scale of a rating."""
    assert (rating["strength"], rating["elo"], rating["as_of"]) == (strength, elo, str(AS_OF))
    assert rating["standard_error"] > 0
    assert rating["points_per_log_odds"] is None or math.isfinite(rating["points_per_log_odds"])


async def test_profiles_without_results_have_no_rating(running: Running, models: Models) -> None:
    async with running() as service:
        league = service.league
        for path in (f"/teams/{league.teams[0]}", f"/players/{league.lineups[0][0]}"):
            assert (await service.get(path)).json()["rating"] is None, "no ratings are served"
        assert (await service.get(f"/maps/{league.nuke}")).json()["is_active"] is None
    models.publish()
    async with running() as service:
        lonely = (await service.get(f"/teams/{league.lonely}")).json()
        assert (lonely["latest_five"], lonely["rating"], lonely["maps"]) == ([], None, [])
        stranger = (await service.get(f"/players/{max(league.lineups[1]) + 1}")).json()
        assert (stranger["teams"], stranger["rating"]) == ([], None)
