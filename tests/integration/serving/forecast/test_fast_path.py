"""The fast path answers and refuses like FastAPI; concurrent requests share a batch and fail separately."""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
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
from serving.forecast import event_publisher, predict
from serving.forecast.resolve import resolve
from serving.forecast.service import ForecastService
from serving.middleware.body_limit import MAX_BODY_BYTES
from tests.testkit.published_models import Models
from tests.testkit.service import JWT_KEY, Running, Service
from tests.testkit.toy_league import TODAY

PATH = "/forecast/get_team1_win_probability"
SLOW = "application/json; charset=utf-8"
"""A media type that the fast path leaves to FastAPI."""


async def post_forecast(
    service: Service, body: bytes, media_type: str = "application/json", **headers: str
) -> httpx.Response:
    sent = {"Authorization": f"Bearer {service.token()}", "Content-Type": media_type, **headers}
    return await service.client.post(PATH, content=body, headers=sent)


async def events(redis_url: str) -> list[list[ForecastEvent]]:
    """Return the events of the stream, one list per entry."""
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
async def test_both_paths_answer_alike(shared_service: Service, redis_url: str, changes: dict[str, Any]) -> None:
    body = json.dumps(shared_service.league.question(**changes)).encode()
    fast, slow = await post_forecast(shared_service, body), await post_forecast(shared_service, body, SLOW)
    assert fast.status_code == slow.status_code
    names = {"content-type", "content-length"}
    assert {name: fast.headers[name] for name in names} == {name: slow.headers[name] for name in names}
    assert set(fast.headers) == set(slow.headers)
    if fast.status_code != 200:
        assert fast.json() == slow.json()
        return
    one, two = (ForecastAnswer.model_validate_json(response.content) for response in (fast, slow))
    assert one.model_copy(update={"forecast_id": two.forecast_id}) == two
    (first,), (second,) = await events(redis_url)
    assert [first.response, second.response] == [one, two]
    assert first.request == second.request == ForecastRequest(**shared_service.league.question())


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x.y.z", "Basic abc", "bearer {good}", "Bearer {good}x"])
async def test_both_paths_refuse_tokens_alike(shared_service: Service, token: str) -> None:
    body = json.dumps(shared_service.league.question()).encode()
    authorization = token.replace("{good}", shared_service.token())
    fast, slow = [
        await post_forecast(shared_service, body, media, Authorization=authorization)
        for media in ("application/json", SLOW)
    ]
    assert fast.status_code == slow.status_code == (200 if token.startswith("bearer") else 401)


async def test_both_paths_have_the_same_size_limit(shared_service: Service) -> None:
    question = json.dumps(shared_service.league.question()).encode()
    for n_bytes, status in ((MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)):
        body = question.ljust(n_bytes)
        assert [
            (await post_forecast(shared_service, body, media)).status_code for media in ("application/json", SLOW)
        ] == [status] * 2


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_valid_body_of_another_media_type_is_refused(shared_service: Service, media_type: str) -> None:
    body = json.dumps(shared_service.league.question()).encode()
    assert (await post_forecast(shared_service, body, media_type)).status_code == 422


async def test_a_cached_token_ends_when_it_expires_or_is_revoked() -> None:
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


async def test_concurrent_forecasts_share_entries_and_each_is_found(shared_service: Service, redis_url: str) -> None:
    body = json.dumps(shared_service.league.question()).encode()
    answers = [
        response.json() for response in await asyncio.gather(*(post_forecast(shared_service, body) for _ in range(30)))
    ]
    entries = await events(redis_url)
    assert len(entries) < 30
    assert sorted(e.event_id for entry in entries for e in entry) == sorted(answer["forecast_id"] for answer in answers)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert any(EVENTS_FIELD in fields for _, fields in await client.xrange(EVENTS_STREAM))
    for answer in answers:
        event = await shared_service.services.events.find(answer["forecast_id"])
        assert event is not None
        assert json.loads(event)["response"] == answer


async def test_later_requests_share_a_group_and_the_first_does_not_wait(
    shared_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    predict_maps = predict.predict_maps

    def predict_and_count(requests: Any) -> Any:
        groups.append(len(requests))
        return predict_maps(requests)

    monkeypatch.setattr(predict, "predict_maps", predict_and_count)
    monkeypatch.setattr(predict, "GROUP_SECONDS", 1.0)
    predictor, request = predict.Predictor(), ForecastRequest(**shared_service.league.question())
    resolved = resolve(request, shared_service.services.refresher.current, TODAY)
    await predictor.predict(resolved)
    assert groups == [1]
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(predictor.predict(resolved))
            await asyncio.sleep(0)  # another turn of the event loop
    assert groups == [1, 5]


async def test_a_request_that_cannot_be_predicted_fails_alone(shared_service: Service) -> None:
    league, services = shared_service.league, shared_service.services
    forecasts, request = ForecastService.for_user(services, 1), ForecastRequest(**league.question())
    broken = replace(resolve(request, services.refresher.current, TODAY), maps=())
    async with asyncio.timeout(20):
        results = await asyncio.gather(
            forecasts.forecast(request),
            services.predictor.predict(broken),
            forecasts.forecast(request),
            return_exceptions=True,
        )
    assert [type(result) for result in results] == [bytes, IndexError, bytes]


async def test_forecasts_are_refused_while_too_many_events_wait(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, writes, may_write = service.services.events, asyncio.Event(), asyncio.Event()
    write = publisher._write_events

    async def wait_and_write(**arguments: Any) -> Any:
        writes.set()
        await may_write.wait()
        return await write(**arguments)

    monkeypatch.setattr(publisher, "_write_events", wait_and_write)
    monkeypatch.setattr(event_publisher, "MAX_WAITING", 3)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        tasks = [group.create_task(service.forecast())]
        await writes.wait()
        tasks += [group.create_task(service.forecast()) for _ in range(4)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        may_write.set()
    (refused,) = [task.result() for task in done]
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:cs2-forecast:problem:history-unavailable")
    assert sorted(task.result().status_code for task in tasks) == [200] * 4 + [503]


NOTHING_HEAVY = """
import asyncio, sys
import httpx
from asgi_lifespan import LifespanManager
from serving.app import create_app
from tests.testkit.waiting import HANG_SECONDS

async def main():
    async with LifespanManager(create_app(), startup_timeout=HANG_SECONDS) as manager:
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


async def test_forecasts_import_no_heavy_package(running: Running, models: Models, settings: Settings) -> None:
    models.publish()
    async with running():
        pass  # fill the disk cache, because only the first read of a model needs skops and scikit-learn
    names = ("database_url", "redis_url", "mongo_url", "mongo_database", "mlflow_url", "data_dir", "clock_date")
    environment = {f"CS2_{name.upper()}": str(getattr(settings, name)) for name in names}
    command = [sys.executable, "-c", NOTHING_HEAVY]
    completed = await asyncio.to_thread(
        subprocess.run,
        command,
        env={**os.environ, **environment, "CS2_JWT_KEY": JWT_KEY},
        capture_output=True,
        text=True,
    )
    assert completed.stdout.splitlines()[-1:] == ["200 200 []"], completed.stdout + completed.stderr
