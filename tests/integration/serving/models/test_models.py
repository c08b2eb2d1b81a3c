"""Users read models over HTTP, admins change the champion, and the service serves it."""

import asyncio
from typing import Any

import pytest
import redis.asyncio

from cs2.announcements import CHANNEL
from cs2.messages import ModelAnnouncement
from cs2.storage.model_registry import ModelStatus
from tests.testkit.accounts import users
from tests.testkit.published_models import Models, change_model
from tests.testkit.service import Running, Service

VERSIONS = ("GET", "/models")


async def served(service: Service, version: int) -> None:
    """Wait until forecasts come from this version."""
    async with asyncio.timeout(20):
        while (await service.forecast()).json()["model"]["version"] != version:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/models"),
        ("GET", "/models/current"),
        ("GET", "/models/1"),
        ("POST", "/models/1/promote"),
        ("POST", "/models/rollback"),
    ],
)
async def test_models_need_a_token(service: Service, method: str, path: str) -> None:
    assert (await service.client.request(method, path)).status_code == 401


@pytest.mark.parametrize("path", ["/models/1/promote", "/models/rollback"])
async def test_users_cannot_change_the_champion(service: Service, models: Models, path: str) -> None:
    (user,) = await users(service, "user")
    response = await service.call("POST", path, user_id=user)
    assert (response.status_code, response.json()["type"]) == (403, "urn:cs2-forecast:problem:not-an-admin")
    gone = await service.call("POST", path, user_id=10**6)
    assert gone.status_code == 403


async def test_versions_are_listed_and_shown(running: Running, models: Models, postgres_url: str) -> None:
    versions = [models.publish(seed=seed) for seed in range(3)]
    gate = {"log_loss": 0.64, "slope": 1.02, "intercept": 0.01}
    change_model(postgres_url, versions[-1], metrics={"log_loss": 0.65, "gate": gate}, reasons=["beats Elo"])
    async with running() as service:
        page = (await service.call("GET", "/models", params={"limit": 2})).json()
        assert [item["version"] for item in page["items"]] == versions[:0:-1]
        rest = (await service.call("GET", "/models", params={"before": page["next_before"]})).json()
        assert ([item["version"] for item in rest["items"]], rest["next_before"]) == (versions[:1], None)
        retired = (await service.call("GET", "/models", params={"status": "retired"})).json()
        assert [item["version"] for item in retired["items"]] == versions[1::-1]
        current = (await service.call("GET", "/models/current")).json()
        assert (current["version"], current["status"]) == (versions[-1], "champion")
        assert current["calibration"] == {"slope": 1.02, "intercept": 0.01}
        assert current["metrics"]["gate"] == gate
        assert current["reasons"] == ["beats Elo"]
        assert (current["trained_from"], current["n_maps"]) == ("2024-01-01", 500)
        assert (await service.call("GET", f"/models/{versions[0]}")).json()["version"] == versions[0]
        assert (await service.call("GET", "/models/999999")).status_code == 404
        assert (await service.call("GET", "/models", params={"status": "best"})).status_code == 422
        assert (await service.call("GET", "/models/nonsense")).status_code == 422


async def test_an_admin_changes_the_served_model(
    running: Running, models: Models, redis_url: str, postgres_url: str
) -> None:
    first, second, third = (models.publish(seed=seed) for seed in range(3))
    async with running(model_refresh_seconds=600) as service:
        (admin,) = await users(service, "admin")
        await served(service, third)
        async with redis.asyncio.Redis.from_url(redis_url) as client, client.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            await subscription.get_message(timeout=5)
            response = await service.call("POST", f"/models/{first}/promote", user_id=admin)
            assert response.status_code == 200, response.text
            assert response.json()["announced"] is True
            assert response.json()["model"]["version"] == first
            assert response.json()["model"]["status"] == "champion"
            announced = set()
            while first not in announced:  # the channel is shared with other tests
                message = await subscription.get_message(timeout=5)
                assert message is not None
                announced.add(ModelAnnouncement.model_validate_json(message["data"]).model_version)
        await served(service, first)
        await service.call("POST", f"/models/{third}/promote", user_id=admin)
        await served(service, third)
        assert (await service.call("POST", "/models/rollback", user_id=admin)).json()["model"]["version"] == second
        await served(service, second)
        assert (await service.call("POST", "/models/rollback", user_id=admin)).json()["model"]["version"] == first
        nothing_left = await service.call("POST", "/models/rollback", user_id=admin)
        assert (nothing_left.status_code, nothing_left.json()["type"]) == (
            409,
            "urn:cs2-forecast:problem:not-promotable",
        )
        await served(service, first)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": ModelStatus.REFUSED, "reasons": ["worse than Elo"]}, "worse than Elo"),
        ({"status": ModelStatus.CANDIDATE, "judged_at": None}, "has no gate result yet"),
        ({"features_version": 1}, "needs features of version 1"),
    ],
)
async def test_a_model_that_failed_the_gate_is_not_promoted(
    running: Running, models: Models, postgres_url: str, values: dict[str, Any], reason: str
) -> None:
    first, second = models.publish(), models.publish(seed=1)
    change_model(postgres_url, first, **values)
    async with running() as service:
        (admin,) = await users(service, "admin")
        response = await service.call("POST", f"/models/{first}/promote", user_id=admin)
        assert response.status_code == 409
        assert reason in response.json()["detail"]
        assert (await service.call("POST", "/models/rollback", user_id=admin)).status_code == 409
        assert (await service.call("GET", "/models/current")).json()["version"] == second
        assert (await service.call("POST", "/models/999999/promote", user_id=admin)).status_code == 404


async def test_a_promotion_is_served_without_redis(running: Running, models: Models) -> None:
    first, second = models.publish(), models.publish(seed=1)
    async with running(redis_url="redis://127.0.0.1:1/0") as service:
        (admin,) = await users(service, "admin")
        await served(service, second)
        response = await service.call("POST", "/models/rollback", user_id=admin)
        assert (response.status_code, response.json()["announced"]) == (200, False)
        await served(service, first)


async def test_concurrent_promotions_leave_one_champion(running: Running, models: Models, postgres_url: str) -> None:
    versions = [models.publish(seed=seed) for seed in range(3)]
    async with running() as service:
        (admin,) = await users(service, "admin")
        answers = await asyncio.gather(
            *(service.call("POST", f"/models/{version}/promote", user_id=admin) for version in versions * 4)
        )
        assert {answer.status_code for answer in answers} == {200}
        page = (await service.call("GET", "/models", params={"status": "champion"})).json()
        assert len(page["items"]) == 1


async def test_without_any_model_there_is_no_current_one(running: Running) -> None:
    async with running() as service:
        response = await service.call("GET", "/models/current")
        assert (response.status_code, response.json()["type"]) == (404, "urn:cs2-forecast:problem:no-model")


async def test_models_are_unavailable_without_postgresql(running: Running) -> None:
    async with running(database_url="postgresql+psycopg://cs2@127.0.0.1:1/cs2") as service:
        for method, path in (("GET", "/models"), ("GET", "/models/current"), ("POST", "/models/rollback")):
            response = await service.call(method, path)
            assert (response.status_code, response.json()["type"]) == (
                503,
                "urn:cs2-forecast:problem:database-unavailable",
            )
