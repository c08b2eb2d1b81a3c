"""Requests by name need exactly one of id and name; errors suggest a correction."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from cs2.storage.engine import make_engine
from cs2.storage.tables import Team, TeamAlias
from tests.testkit.published_models import Models
from tests.testkit.service import Running, Service

BY_NAME = {"map_id": ..., "map": "nuke", "team1_id": ..., "team1": "team vitalite", "team2_id": ..., "team2": "furia"}
PLAYERS = {
    "team1_players": [f"Player{n}" for n in range(1, 6)],
    "team2_players": [f"player{n}" for n in range(6, 11)],
}


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "forecast_id"}


async def test_names_and_ids_give_the_same_answer(shared_service: Service) -> None:
    one, two = shared_service.league.lineups
    by_id = (await shared_service.forecast(team1_player_ids=one, team2_player_ids=two)).json()
    by_name = (await shared_service.forecast(**BY_NAME, **PLAYERS)).json()
    assert without_id(by_name) == without_id(by_id)


@pytest.mark.parametrize(
    ("changes", "kind", "field", "right"),
    [
        ({"map": "Nuke"}, "invalid-request", "map_id", "exactly one"),
        ({"team1": "Vitality"}, "invalid-request", "team1_id", "exactly one"),
        ({"team2_id": ...}, "invalid-request", "team2_id", "team2_id or team2"),
        ({"map_id": ..., "map": "Nuk"}, "unknown-map", "map", "did you mean Nuke?"),
        ({"team1_id": ..., "team1": "Vitallity"}, "unknown-team", "team1", "did you mean Vitality?"),
        ({"team1_id": ..., "team1": "qqqqqqqqqq"}, "unknown-team", "team1", "GET /teams?search="),
        ({"team1_id": ..., "team1": ""}, "invalid-request", "team1", "at least 1"),
        ({"team1_id": ..., "team1": "x" * 101}, "invalid-request", "team1", "at most 100"),
        ({"team2_id": ..., "team2": "Vitality"}, "same-team", "team2", "another team"),
        ({"team1_players": ["player1"] * 4}, "lineup-size", "team1_players", "five"),
        ({"team1_players": [f"player{n}" for n in (1, 2, 3, 4, 4)]}, "repeated-player", "team1_players", "player4"),
        ({"team1_players": ["ZywO", *["player1"] * 4]}, "unknown-player", "team1_players", "did you mean ZywOo?"),
        ({"team1_players": [], "team1_player_ids": []}, "invalid-request", "team1_player_ids", "not both"),
        (
            {**PLAYERS, "team2_players": [f"player{n}" for n in range(5, 10)]},
            "player-on-both-sides",
            "team2_players",
            "5",
        ),
    ],
)
async def test_an_error_names_similar_entries(
    shared_service: Service, changes: dict[str, Any], kind: str, field: str, right: str
) -> None:
    response = await shared_service.forecast(**changes)
    assert response.status_code == 422, response.text
    assert response.json()["type"] == f"urn:cs2-forecast:problem:{kind}"
    (error,) = response.json()["errors"]
    assert error["field"] == field
    assert right in error["message"]


async def test_homonyms_are_listed_and_names_win_over_aliases(
    running: Running, models: Models, postgres_url: str
) -> None:
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        teams = [Team(name="Spirit"), Team(name="Spirit Academy"), Team(name="Rebels"), Team(name="REBELS")]
        session.add_all(teams)
        session.flush()
        session.add(TeamAlias(team_id=teams[1].id, name="spirit"))
        session.add(TeamAlias(team_id=teams[1].id, name="Academy"))
        session.add(TeamAlias(team_id=teams[2].id, name="academy"))
        ids = [team.id for team in teams]
    engine.dispose()
    models.publish()
    async with running() as service:
        for name, wanted in (("Spirit", 0), ("sPIRIT", 0), ("Rebels", 2), ("REBELS", 3)):
            answer = (await service.forecast(team1_id=..., team1=name)).json()
            assert answer["team1"]["id"] == ids[wanted], name
        for name, several in (("rebels", ids[2:]), ("ACADEMY", ids[1:3])):
            problem = (await service.forecast(team1_id=..., team1=name)).json()
            assert problem["type"] == "urn:cs2-forecast:problem:ambiguous-team"
            assert all(f"team1_id {number}" in problem["detail"] for number in several)
