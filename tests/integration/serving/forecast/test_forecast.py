"""``POST /forecast/get_team1_win_probability``: answers, tokens, and each wrong field."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import redis.asyncio

from cs2.messages import EVENT_FIELD, EVENTS_STREAM, ForecastEvent
from tests.testkit.service import JWT_KEY, Running, Service
from tests.testkit.toy_league import AS_OF, TODAY

LONG_KEY = JWT_KEY + "x" * 24
PATH = "/forecast/get_team1_win_probability"


async def test_a_request_without_a_token_is_refused(shared_service: Service) -> None:
    response = await shared_service.client.post(PATH, json=shared_service.league.question())
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["type"] == "urn:cs2-forecast:problem:not-authenticated"


def claims(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    payload = {"sub": "1", "iat": now, "exp": now + timedelta(days=1), "jti": "x", **changes}
    return {name: value for name, value in payload.items() if value is not None}


def with_header(token: str, **header: str) -> str:
    """Return the token with another header than the signed one."""
    name = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{name}.{token.split('.', 1)[1]}"


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (jwt.encode(claims(exp=datetime(2020, 1, 1, tzinfo=UTC)), JWT_KEY), "token-expired"),
        (jwt.encode(claims(), "another key of enough bytes, forged"), "token-invalid"),
        (jwt.encode(claims(), "", algorithm="none"), "token-invalid"),
        (jwt.encode(claims(), LONG_KEY, algorithm="HS512"), "token-invalid"),
        (with_header(jwt.encode(claims(), LONG_KEY, algorithm="HS512"), alg="HS256", typ="JWT"), "token-invalid"),
        (with_header(jwt.encode(claims(), JWT_KEY), alg="none", typ="JWT"), "token-invalid"),
        (jwt.encode(claims(sub="admin"), JWT_KEY), "token-invalid"),
        ("nonsense", "token-invalid"),
        *[(jwt.encode(claims(**{name: None}), JWT_KEY), "token-invalid") for name in ("exp", "iat", "sub", "jti")],
    ],
    ids=[  # a token contains the time, so it must not name a test
        *("expired", "other key", "no algorithm", "HS512", "HS512 as HS256", "HS256 as none", "named user", "nonsense"),
        *("no exp", "no iat", "no sub", "no jti"),
    ],
)
async def test_an_invalid_token_is_refused(shared_service: Service, token: str, kind: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    response = await shared_service.client.post(PATH, json=shared_service.league.question(), headers=headers)
    assert (response.status_code, response.json()["type"]) == (401, f"urn:cs2-forecast:problem:{kind}")


async def test_the_answer_is_complete_and_its_event_is_in_the_stream(shared_service: Service, redis_url: str) -> None:
    response = await shared_service.forecast()
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["team1_win_probability"] > 0.5
    assert answer["team1_win_probability"] + answer["team2_win_probability"] == pytest.approx(1, abs=1e-15)
    low, high = answer["interval"]
    assert low < answer["team1_win_probability"] < high
    assert answer["map"]["name"] == "Nuke"
    assert [answer["team1"]["name"], answer["team2"]["name"]] == ["Vitality", "FURIA"]
    assert [player["id"] for player in answer["team1"]["players"]] == shared_service.league.lineups[0]
    assert answer["played_on"] == str(TODAY)
    assert answer["model"]["ratings_as_of"] == str(AS_OF)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        entries: Any = await client.xrange(EVENTS_STREAM)
    ((_, fields),) = entries
    event = ForecastEvent.model_validate_json(fields[EVENT_FIELD])
    assert event.event_id == answer["forecast_id"]
    assert event.response.model_dump(mode="json") == answer
    assert event.user_id == 1


async def test_subscribers_of_the_channel_receive_the_event(shared_service: Service, redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client, client.pubsub() as subscription:
        await subscription.subscribe(EVENTS_STREAM)
        await subscription.get_message(timeout=5)
        forecast_id = (await shared_service.forecast()).json()["forecast_id"]
        event_ids = set()
        while forecast_id not in event_ids:  # the channel is shared with other tests
            message = await subscription.get_message(timeout=5)
            assert message is not None
            event_ids.add(ForecastEvent.model_validate_json(message["data"]).event_id)


async def test_swapping_the_sides_gives_the_complement(shared_service: Service) -> None:
    one, two = shared_service.league.teams
    p = (await shared_service.forecast()).json()["team1_win_probability"]
    q = (await shared_service.forecast(team1_id=two, team2_id=one)).json()
    assert q["team2_win_probability"] == pytest.approx(p, abs=1e-15)


async def test_naming_the_latest_lineups_changes_nothing(shared_service: Service) -> None:
    one, two = shared_service.league.lineups
    latest = (await shared_service.forecast()).json()
    named = (await shared_service.forecast(team1_player_ids=one, team2_player_ids=two)).json()
    assert named["team1_win_probability"] == latest["team1_win_probability"]


async def test_a_team_without_a_lineup_is_forecast_with_a_warning(shared_service: Service) -> None:
    answer = (await shared_service.forecast(team2_id=shared_service.league.lonely)).json()
    assert answer["team2"]["players"] == []
    assert any("team 2" in warning and "lineup" in warning for warning in answer["warnings"])


async def test_a_player_in_both_lineups_causes_a_warning(shared_service: Service) -> None:
    one, two = shared_service.league.lineups
    answer = (await shared_service.forecast(team1_player_ids=[*one[:4], two[0]])).json()
    assert any("both lineups" in warning for warning in answer["warnings"])


UNKNOWN_ID = 999_999


@pytest.mark.parametrize(
    ("changes", "kind", "field", "right"),
    [
        ({"map_id": UNKNOWN_ID}, "unknown-map", "map_id", "GET /maps"),
        ({"team1_id": UNKNOWN_ID}, "unknown-team", "team1_id", "GET /teams"),
        ({"team2_id": UNKNOWN_ID}, "unknown-team", "team2_id", "GET /teams"),
        ({"team1_player_ids": [UNKNOWN_ID] * 5}, "unknown-player", "team1_player_ids", "GET /players"),
        ({"team2_id": 0}, "invalid-request", "team2_id", "greater than or equal to 1"),
        ({"map_id": "Nuke"}, "invalid-request", "map_id", "valid integer"),
        ({"map_id": ...}, "invalid-request", "map_id", "required"),
        ({"mapid": 1}, "invalid-request", "mapid", "not permitted"),
        ({"played_on": "soon"}, "invalid-request", "played_on", "valid date"),
        ({"played_on": "2025-12-30"}, "day-in-the-past", "played_on", "2025-12-31"),
    ],
)
async def test_an_error_names_the_field_and_the_correction(
    shared_service: Service, changes: dict[str, Any], kind: str, field: str, right: str
) -> None:
    await assert_refused(shared_service, changes, kind, field, right)


async def assert_refused(service: Service, changes: dict[str, Any], kind: str, field: str, right: str) -> None:
    response = await service.forecast(**changes)
    problem = response.json()
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:cs2-forecast:problem:{kind}"
    (error,) = problem["errors"]
    assert error["field"] == field
    assert right in error["message"]
    assert field in problem["detail"]


async def test_the_same_team_twice_is_refused(shared_service: Service) -> None:
    team = shared_service.league.teams[0]
    await assert_refused(shared_service, {"team2_id": team}, "same-team", "team2_id", "another team")


@pytest.mark.parametrize("size", [0, 4, 6])
async def test_a_lineup_that_is_not_five_is_refused(shared_service: Service, size: int) -> None:
    players = [*shared_service.league.lineups[0], shared_service.league.lineups[1][0]][:size]
    await assert_refused(shared_service, {"team1_player_ids": players}, "lineup-size", "team1_player_ids", "five")


async def test_a_player_named_twice_is_refused(shared_service: Service) -> None:
    players = [*shared_service.league.lineups[0][:4], shared_service.league.lineups[0][0]]
    await assert_refused(shared_service, {"team1_player_ids": players}, "repeated-player", "team1_player_ids", "twice")


async def test_a_player_on_both_sides_is_refused(shared_service: Service) -> None:
    one, two = shared_service.league.lineups
    changes = {"team1_player_ids": one, "team2_player_ids": [one[0], *two[:4]]}
    await assert_refused(shared_service, changes, "player-on-both-sides", "team2_player_ids", "another player")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'{"map_id": NaN}', b'{"map_id": 1e400}', b"\xff\xfe", b'{"map_id":' + b"9" * 5000 + b"}"],
)
async def test_an_invalid_body_is_refused(shared_service: Service, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {shared_service.token()}", "Content-Type": "application/json"}
    response = await shared_service.client.post(PATH, content=body, headers=headers)
    assert response.status_code in {400, 422}, response.text
    assert response.headers["content-type"] == "application/problem+json"


async def chunks() -> Any:
    for _ in range(100):
        yield b" " * 1024


@pytest.mark.parametrize("content", [b" " * 70_000, chunks])
async def test_a_large_body_is_refused_first(shared_service: Service, content: Any) -> None:
    body = content() if callable(content) else content
    response = await shared_service.client.post(PATH, content=body)
    assert response.status_code == 413
    assert response.json()["type"] == "urn:cs2-forecast:problem:body-too-large"


async def test_without_a_champion_the_request_is_refused(running: Running) -> None:
    async with running() as service:
        response = await service.forecast()
        assert response.status_code == 503
        assert response.json()["detail"] == "no model is served yet"
        ready = await service.client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()["components"]["model"] == {"is_well": False, "detail": "no model is served yet"}
        assert (await service.client.get("/health/live")).json() == {"status": "alive"}
