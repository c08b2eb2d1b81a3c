"""Changing a password or deleting an account invalidates its tokens in all processes."""

from typing import Any

import pymongo
import pytest
import redis.asyncio

from cs2.messages import FORECASTS_COLLECTION
from cs2.mongo_client import MongoClient
from ingest_worker.consumer import Consumer
from ingest_worker.store import MongoForecastStore
from tests.testkit.accounts import call_as, forecast_as, log_in, new_token, register
from tests.testkit.published_models import Models
from tests.testkit.service import PASSWORD, Running, Service
from tests.testkit.waiting import until

NEW = "another good password"


def change(old: str, new: str) -> dict[str, Any]:
    return {"json": {"old_password": old, "new_password": new}}


async def test_a_changed_password_ends_the_old_one_and_its_tokens(running: Running, models: Models) -> None:
    models.publish()
    async with running() as service, running(data_dir=service.services.settings.data_dir / "other") as other:
        await register(service)
        token = await new_token(service)
        assert (await forecast_as(other, token)).status_code == 200
        response = await call_as(service, token, "POST", "/auth/change_password", **change(PASSWORD, NEW))
        assert response.status_code == 204, response.text
        refused = await forecast_as(service, token)
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:cs2-forecast:problem:token-revoked")
        assert (await log_in(service)).status_code == 401
        assert (await forecast_as(service, await new_token(service, NEW))).status_code == 200

        async def is_refused_there() -> bool:
            return (await forecast_as(other, token)).status_code == 401

        await until(is_refused_there)
        assert (await forecast_as(other, await new_token(service, NEW))).status_code == 200


@pytest.mark.parametrize(
    ("passwords", "status"),
    [((PASSWORD + "x", NEW), 403), ((PASSWORD, "short"), 422), ((PASSWORD, "x" * 129), 422), (("x" * 129, NEW), 422)],
)
async def test_a_wrong_change_changes_nothing(service: Service, passwords: tuple[str, str], status: int) -> None:
    await register(service)
    token = await new_token(service)
    response = await call_as(service, token, "POST", "/auth/change_password", **change(*passwords))
    assert response.status_code == status
    assert (await call_as(service, token, "GET", "/auth/me")).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/auth/change_password"), ("DELETE", "/auth/me")])
async def test_changes_need_a_token(service: Service, method: str, path: str) -> None:
    assert (await service.client.request(method, path)).status_code == 401


async def test_forecasts_of_a_deleted_account_are_anonymous(
    service: Service, redis_url: str, mongo_url: str, mongo_database: str
) -> None:
    store = MongoForecastStore(MongoClient, mongo_url, mongo_database)
    async with redis.asyncio.Redis.from_url(redis_url, socket_timeout=10) as stream:
        sink = Consumer(stream, store, "tester")
        await sink.prepare()
        await register(service)
        token = await new_token(service)
        await forecast_as(service, token)
        await sink.step()
        await forecast_as(service, token)
        wrong = await call_as(service, token, "DELETE", "/auth/me", json={"password": "not mine"})
        assert (wrong.status_code, wrong.json()["type"]) == (403, "urn:cs2-forecast:problem:wrong-password")
        assert (await call_as(service, token, "DELETE", "/auth/me", json={"password": PASSWORD})).status_code == 204
        assert (await forecast_as(service, token)).status_code == 401
        assert (await log_in(service)).status_code == 401
        await sink.step()
    await store.close()
    with pymongo.MongoClient(mongo_url) as client:
        owners = [row["user_id"] for row in client[mongo_database][FORECASTS_COLLECTION].find()]
        client.drop_database(mongo_database)
    assert owners == [None, None]
    assert (await register(service)).status_code == 201, "the name is free again"


async def test_an_account_stays_while_mongodb_is_unavailable(running: Running, models: Models) -> None:
    models.publish()
    async with running(mongo_url="mongodb://127.0.0.1:1/?directConnection=true") as service:
        await register(service)
        token = await new_token(service)
        response = await call_as(service, token, "DELETE", "/auth/me", json={"password": PASSWORD})
        assert response.status_code == 503
        assert (await call_as(service, token, "GET", "/auth/me")).status_code == 200
