"""Background tasks are restarted, refresh after each reconnect, and report their end."""

import asyncio
from typing import Any

import pytest

from tests.testkit.model_refresh import announce, serves
from tests.testkit.own_servers import Valkey
from tests.testkit.published_models import Models
from tests.testkit.service import Running, Service
from tests.testkit.waiting import until

pytestmark = pytest.mark.timeout(120)


async def component(service: Service, name: str) -> dict[str, Any]:
    health: dict[str, Any] = (await service.client.get("/health/ready")).json()["components"][name]
    return health


async def test_a_missed_announcement_is_served_after_the_reconnect(
    running: Running, models: Models, valkey: Valkey
) -> None:
    """The timer fires after an hour, so only the new subscription can cause the refresh."""
    models.publish()
    async with running(redis_url=valkey.url, model_refresh_seconds=3600) as service:
        valkey.stop()

        async def is_disconnected() -> bool:
            return not (await component(service, "task announcements"))["is_well"]

        await until(is_disconnected)
        version = await asyncio.to_thread(models.publish, seed=1)
        assert not await serves(service, version)()
        valkey.start()
        await until(serves(service, version))


async def test_announcements_arrive_after_several_outages(running: Running, models: Models, valkey: Valkey) -> None:
    models.publish()
    async with running(redis_url=valkey.url, model_refresh_seconds=3600) as service:

        async def is_subscribed() -> bool:
            return (await component(service, "task announcements"))["is_well"]

        for seed in range(1, 4):
            valkey.stop()
            await until(lambda: _not(is_subscribed()))
            valkey.start()
            await until(is_subscribed)
            version = await asyncio.to_thread(models.publish, seed=seed)
            await announce(valkey.url)
            await until(serves(service, version))


async def _not(answer: Any) -> bool:
    return not await answer


@pytest.mark.parametrize(("task", "status"), [("history", 503), ("reconciliation", 200), ("announcements", 200)])
async def test_an_ended_background_task_is_reported(service: Service, task: str, status: int) -> None:
    """Without the event publisher the service is not ready; without the refresher it serves the current snapshot."""
    assert (await service.client.get("/health/ready")).status_code == 200
    dying = service.services.supervisor._tasks[task]
    while not dying.done():  # a library may swallow one cancellation
        dying.cancel()
        await asyncio.wait({dying}, timeout=0.2)
    ready = await service.client.get("/health/ready")
    assert ready.status_code == status
    health = ready.json()["components"][f"task {task}"]
    assert health == {"is_well": False, "detail": "the task has ended"}


async def test_a_failed_task_is_restarted_and_reported_until_it_works(service: Service) -> None:
    supervisor, runs = service.services.supervisor, 0
    may_work = asyncio.Event()

    async def run(state: Any) -> None:
        nonlocal runs
        runs += 1
        if not may_work.is_set():
            raise ValueError("not yet")
        state.mark_healthy()
        await asyncio.Event().wait()

    supervisor.start("tried", run)

    async def is_reported() -> bool:
        health = await component(service, "task tried")
        return runs >= 2 and "not yet" in health["detail"]

    await until(is_reported)
    may_work.set()

    async def is_well() -> bool:
        return (await component(service, "task tried"))["is_well"]

    await until(is_well)


async def test_a_write_error_refuses_only_its_own_forecasts(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The requests of the failed write are answered with 503 at once."""

    async def fails(**_: Any) -> None:
        raise RuntimeError("unexpected")

    with monkeypatch.context() as broken:
        broken.setattr(service.services.events, "_write_events", fails)
        async with asyncio.timeout(20):
            refused = await service.forecast()
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:cs2-forecast:problem:history-unavailable")
    assert (await service.forecast()).status_code == 200
