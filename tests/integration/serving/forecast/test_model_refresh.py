"""New models and ratings are served; damaged and foreign ones are rejected."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import skops.io
from sklearn.preprocessing import StandardScaler

from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from tests.testkit.model_refresh import announce, serves
from tests.testkit.published_models import Models, trained_pipeline
from tests.testkit.service import Running, Service
from tests.testkit.toy_league import ratings_of
from tests.testkit.waiting import until

pytestmark = pytest.mark.timeout(120)


@contextlib.asynccontextmanager
async def steady_load(service: Service) -> AsyncIterator[list[int]]:
    statuses: list[int] = []
    stop = asyncio.Event()

    async def send_requests() -> None:
        while not stop.is_set():
            statuses.append((await service.forecast()).status_code)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(send_requests())
        yield statuses
        stop.set()


async def test_an_announced_champion_is_served_within_two_seconds(
    running: Running, models: Models, redis_url: str
) -> None:
    models.publish()
    async with running(model_refresh_seconds=3600) as service, steady_load(service) as statuses:
        await until(lambda: answered(statuses, 10))
        for seed in range(1, 4):
            version = await asyncio.to_thread(models.publish, seed=seed, skill=1.0 + seed)
            await announce(redis_url)
            await until(serves(service, version))
        n_answered = len(statuses)
        await until(lambda: answered(statuses, n_answered + 10))
    assert set(statuses) == {200}


async def answered(statuses: list[int], count: int) -> bool:
    return len(statuses) >= count


async def test_a_champion_without_announcement_is_served_by_the_timer(service: Service, models: Models) -> None:
    version = models.publish(seed=1)
    await until(serves(service, version))


async def test_new_ratings_are_served_with_the_old_model(service: Service, models: Models) -> None:
    before = (await service.forecast()).json()
    snapshot = await asyncio.to_thread(models.publish_ratings, ratings_of(models.league, skill=3.0))

    async def new() -> bool:
        ratings = service.services.refresher.current.ratings
        return ratings is not None and ratings.record.id == snapshot

    await until(new)
    after = (await service.forecast()).json()
    assert after["model"]["version"] == before["model"]["version"]
    assert after["team1_win_probability"] > before["team1_win_probability"]


class ForeignScaler(StandardScaler):  # type: ignore[misc]
    """A type that serving does not trust."""


def foreign_model() -> bytes:
    """Return a valid model whose scaler has an untrusted type."""
    pipeline = trained_pipeline(seed=1)
    pipeline[0].__class__ = ForeignScaler
    return bytes(skops.io.dumps(pipeline))


PICKLE = b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94."


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        ({"blob": PICKLE}, "cannot be read"),
        ({"blob": skops.io.dumps(trained_pipeline())[:-200]}, "cannot be read"),
        ({"blob": foreign_model()}, "UntrustedTypes"),
        ({"blob": skops.io.dumps({"coef": [1.0]})}, "not an antisymmetric"),
        ({"sha256": "0" * 64}, "SHA-256"),
        ({"features_version": 999}, "features of version 999"),
        (
            {"regression_cases": {"features": [[1.0] * len(FEATURE_NAMES)], "probability": [0.123]}},
            "regression cases are off",
        ),
        ({"regression_cases": {}}, "cannot be read"),
    ],
    ids=[
        "pickle",
        "cut off",
        "foreign type",
        "no model",
        "other bytes",
        "other features",
        "other answers",
        "no regression cases",
    ],
)
async def test_a_rejected_model_leaves_the_old_one_serving(
    service: Service, models: Models, spoiled: dict[str, Any], reason: str
) -> None:
    before = (await service.forecast()).json()
    await asyncio.to_thread(models.publish, seed=1, **spoiled)

    async def refused() -> bool:
        return reason in (await service.client.get("/health/ready")).json()["components"]["model"]["detail"]

    await until(refused)
    ready = await service.client.get("/health/ready")
    assert ready.status_code == 200
    assert "is refused" in ready.json()["components"]["model"]["detail"]
    after = (await service.forecast()).json()
    assert after["model"]["version"] == before["model"]["version"]
    version = await asyncio.to_thread(models.publish, seed=2)
    await until(serves(service, version))


@pytest.mark.parametrize("reason", ["cannot be read", "are for features of version 0"])
async def test_damaged_or_foreign_ratings_are_rejected(service: Service, models: Models, reason: str) -> None:
    of_before = replace(RatingSnapshot.from_bytes(ratings_of(models.league)), features_version=0)
    data = b"no ratings at all" if reason == "cannot be read" else of_before.to_bytes()
    await asyncio.to_thread(models.publish_ratings, data)

    async def refused() -> bool:
        detail = (await service.client.get("/health/ready")).json()["components"]["ratings"]["detail"]
        return "refused" in detail and reason in detail

    await until(refused)
    assert (await service.forecast()).status_code == 200


async def test_malformed_announcements_change_nothing(service: Service, redis_url: str) -> None:
    for payload in (b"{", b"\xff", b'{"kind": "model"}', b"[" * 10_000):
        await announce(redis_url, payload)
    assert (await service.forecast()).status_code == 200
    assert service.services.supervisor.states["announcements"].restarts == 0


AWAY = "127.0.0.1:1"


async def test_the_service_starts_from_its_disk_cache_alone(running: Running, models: Models) -> None:
    models.publish()
    async with running() as service:
        before = (await service.forecast()).json()
    away = {
        "database_url": f"postgresql+psycopg://cs2@{AWAY}/cs2",
        "mlflow_url": f"http://{AWAY}",
        "redis_url": f"redis://{AWAY}/0",
    }
    async with running(**away) as service:
        response = await service.forecast()
        assert response.status_code == 200
        assert response.json()["team1_win_probability"] == before["team1_win_probability"]
        assert (await service.get("/teams", name="vitality")).json()["items"]
        account = {"username": "ada", "password": "correct horse battery"}
        for refused in (
            await service.client.post("/auth/register", json=account),
            await service.client.post("/auth/login", data=account),
        ):
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:cs2-forecast:problem:database-unavailable"
