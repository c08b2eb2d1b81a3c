"""The short way of a forecast: answers and rejections as on the usual one; groups harm nobody; nothing heavy."""

import asyncio
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import pytest
import redis.asyncio

from cs2.messages import EVENTS_FIELD, EVENTS_STREAM, ForecastAnswer, ForecastEvent, ForecastRequest, parse_entry
from cs2.settings import Settings
from serving.auth.tokens import ALGORITHM, Tokens
from serving.errors import NotAuthenticatedError
from serving.forecast import event_publisher as publisher
from serving.forecast.resolve import ResolvedRequest
from serving.forecast.service import forecast_service_of
from serving.middleware.body_limit import MAX_BODY_BYTES
from tests.testkit.published_models import Models
from tests.testkit.service import JWT_KEY, Running, Service
from tests.testkit.toy_league import TODAY

PATH = "/forecast/get_team1_win_probability"
USUAL = "application/json; charset=utf-8"
"""A media type that the short way leaves to FastAPI."""


async def ask(service: Service, body: bytes, media_type: str = "application/json", **headers: str) -> httpx.Response:
    told = {"Authorization": f"Bearer {service.token()}", "Content-Type": media_type, **headers}
    return await service.client.post(PATH, content=body, headers=told)


async def events(redis_url: str) -> list[list[ForecastEvent]]:
    """By entry of the stream."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        entries: Any = await client.xrange(EVENTS_STREAM)
    return [[ForecastEvent.model_validate_json(event) for event in parse_entry(fields)] for _, fields in entries]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"map": "nope", "map_id": None},
        {"team2_id": 999_999},
        {"map_id": 2**40},
        {"played_on": "1970-01-01"},
        {"x": 1},
    ],
)
async def test_both_ways_answer_alike(service: Service, redis_url: str, changes: dict[str, Any]) -> None:
    body = json.dumps(service.league.question(**changes)).encode()
    short, usual = await ask(service, body), await ask(service, body, USUAL)
    assert short.status_code == usual.status_code
    names = {"content-type", "content-length"}
    assert {name: short.headers[name] for name in names} == {name: usual.headers[name] for name in names}
    assert set(short.headers) == set(usual.headers)
    if short.status_code != 200:
        assert short.json() == usual.json()
        return
    one, two = (ForecastAnswer.model_validate_json(response.content) for response in (short, usual))
    assert one.model_copy(update={"forecast_id": two.forecast_id}) == two
    (first,), (second,) = await events(redis_url)
    assert [first.response, second.response] == [one, two]
    assert first.request == second.request == ForecastRequest(**service.league.question())


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x.y.z", "Basic abc", "bearer {good}", "Bearer {good}x"])
async def test_both_ways_refuse_tokens_alike(service: Service, token: str) -> None:
    body = json.dumps(service.league.question()).encode()
    authorization = token.replace("{good}", service.token())
    short, usual = [
        await ask(service, body, media, Authorization=authorization) for media in ("application/json", USUAL)
    ]
    assert short.status_code == usual.status_code == (200 if token.startswith("bearer") else 401)


async def test_both_ways_have_the_same_bound(service: Service) -> None:
    question = json.dumps(service.league.question()).encode()
    for n_bytes, status in ((MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)):
        body = question.ljust(n_bytes)
        assert [(await ask(service, body, media)).status_code for media in ("application/json", USUAL)] == [status] * 2


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_right_question_of_another_media_type_is_no_question(service: Service, media_type: str) -> None:
    body = json.dumps(service.league.question()).encode()
    assert (await ask(service, body, media_type)).status_code == 422


async def test_a_remembered_token_ends_when_it_expires_or_is_revoked() -> None:
    tokens, now = Tokens(JWT_KEY, 60), time.time()
    claims = {"sub": "7", "iat": now - 1, "exp": int(now) + 2, "jti": "x"}
    token = jwt.encode(claims, JWT_KEY, algorithm=ALGORITHM)
    assert [tokens.user_of(token), tokens.user_of(token)] == [7, 7]
    other = tokens.issue(8)
    assert tokens.user_of(other) == 8
    tokens.revoke({8: datetime.now(UTC)})
    with pytest.raises(NotAuthenticatedError, match="password changed"):
        tokens.user_of(other)
    while time.time() <= claims["exp"]:
        await asyncio.sleep(0.05)
    with pytest.raises(NotAuthenticatedError, match="expired"):
        tokens.user_of(token)


async def test_forecasts_asked_for_together_are_one_entry_and_each_is_found(service: Service, redis_url: str) -> None:
    body = json.dumps(service.league.question()).encode()
    answers = [response.json() for response in await asyncio.gather(*(ask(service, body) for _ in range(30)))]
    kept = await events(redis_url)
    assert len(kept) < 30
    assert sorted(e.event_id for entry in kept for e in entry) == sorted(answer["forecast_id"] for answer in answers)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert any(EVENTS_FIELD in fields for _, fields in await client.xrange(EVENTS_STREAM))
    for answer in answers:
        event = await service.services.events.find(answer["forecast_id"])
        assert event is not None
        assert json.loads(event)["response"] == answer


async def test_a_question_that_cannot_be_computed_fails_alone(service: Service) -> None:
    league, services = service.league, service.services
    desk, request = forecast_service_of(services, 1), ForecastRequest(**league.question())
    teams = tuple(services.refresher.current.dictionaries.teams.get(team) for team in league.teams)
    broken = ResolvedRequest(maps=(), teams=teams, lineups=(None, None), played_on=TODAY)  # type: ignore[arg-type]
    async with asyncio.timeout(20):  # where the failure is nobody's, nobody is answered
        found = await asyncio.gather(
            desk.forecast_map(request),
            services.forecaster.answer(broken, request, desk),
            desk.forecast_map(request),
            return_exceptions=True,
        )
    assert [type(one) for one in found] == [bytes, IndexError, bytes]


async def test_while_too_many_wait_for_the_history_more_are_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, writes, may_write = service.services.events, asyncio.Event(), asyncio.Event()
    write = box._write_events

    async def waits(**told: Any) -> Any:
        writes.set()
        await may_write.wait()
        return await write(**told)

    monkeypatch.setattr(box, "_write_events", waits)
    monkeypatch.setattr(publisher, "MAX_WAITING", 3)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        asked = [group.create_task(service.forecast())]
        await writes.wait()
        asked += [group.create_task(service.forecast()) for _ in range(4)]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        may_write.set()
    (refused,) = [task.result() for task in done]
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:cs2-forecast:problem:history-unavailable")
    assert sorted(task.result().status_code for task in asked) == [200] * 4 + [503]


NOTHING_HEAVY = """
import asyncio, sys
import httpx
from asgi_lifespan import LifespanManager
from serving.app import create_app

async def main():
    async with LifespanManager(create_app(), startup_timeout=30) as manager:
        transport = httpx.ASGITransport(manager.app)
        token = manager._state["services"].tokens.issue(1)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = {"Authorization": f"Bearer {token}"}
            question = {"map": "Nuke", "team1": "Vitality", "team2": "FURIA"}
            answer = await client.post("/forecast/get_team1_win_probability", json=question, headers=headers)
            batch = await client.post("/forecast/batch", json={"forecasts": [question]}, headers=headers)
    heavy = {"pandas", "sklearn", "scipy", "numba", "dagster", "mlflow", "skops"}
    print(answer.status_code, batch.status_code, sorted(heavy & set(sys.modules)))

asyncio.run(main())
"""


async def test_an_api_that_has_forecast_has_imported_nothing_heavy(
    running: Running, models: Models, settings: Settings
) -> None:
    models.publish()
    async with running():
        pass  # leaves its copy: skops and scikit-learn are for a model that is read the first time
    names = ("database_url", "redis_url", "mongo_url", "mongo_database", "mlflow_url", "data_dir", "clock_date")
    told = {f"CS2_{name.upper()}": str(getattr(settings, name)) for name in names}
    command = [sys.executable, "-c", NOTHING_HEAVY]
    done = await asyncio.to_thread(
        subprocess.run, command, env={**os.environ, **told, "CS2_JWT_KEY": JWT_KEY}, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1:] == ["200 200 []"], done.stdout + done.stderr
