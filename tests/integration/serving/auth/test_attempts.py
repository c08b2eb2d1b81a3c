"""Limits on password attempts by account and by address, shared by all processes."""

import pytest

from tests.testkit.accounts import log_in, register
from tests.testkit.published_models import Models
from tests.testkit.service import PASSWORD, Running


async def test_an_account_is_limited_in_every_process(running: Running, models: Models) -> None:
    async with running(login_attempts_per_minute=3) as service:
        await register(service)
        await register(service, username="bob")
        for _ in range(3):
            assert (await log_in(service, password="wrong password")).status_code == 401
        refused = await log_in(service)
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:cs2-forecast:problem:too-many-attempts")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert (await log_in(service, username="ADA ")).status_code == 429, "the same account in another spelling"
        assert (await log_in(service, username="bob")).status_code == 200
        other_folder = service.services.settings.data_dir / "other"
        async with running(login_attempts_per_minute=3, data_dir=other_folder) as other:
            assert (await log_in(other)).status_code == 429


async def test_an_unknown_name_is_limited_like_a_known_one(running: Running, models: Models) -> None:
    async with running(login_attempts_per_minute=2) as service:
        statuses = [(await log_in(service, username="nobody")).status_code for _ in range(4)]
        assert statuses == [401, 401, 429, 429]


async def test_an_address_is_limited_over_all_accounts(running: Running, models: Models) -> None:
    async with running(login_attempts_per_address_per_minute=4) as service:
        statuses = [(await log_in(service, username=f"name{number}")).status_code for number in range(5)]
        assert statuses == [401, 401, 401, 401, 429]
        assert (await register(service)).status_code == 429


@pytest.mark.parametrize("method", ["change", "delete"])
async def test_a_password_cannot_be_guessed_with_a_stolen_token(running: Running, models: Models, method: str) -> None:
    async with running(login_attempts_per_minute=2) as service:
        user_id = (await register(service)).json()["id"]
        statuses = []
        for guess in ("guess one", "guess two", PASSWORD):
            if method == "change":
                body = {"old_password": guess, "new_password": "another good password"}
                response = await service.call("POST", "/auth/change_password", user_id=user_id, json=body)
            else:
                response = await service.call("DELETE", "/auth/me", user_id=user_id, json={"password": guess})
            statuses.append(response.status_code)
        assert statuses == [403, 403, 429]


async def test_names_and_ids_of_accounts_are_counted_apart(running: Running, models: Models) -> None:
    async with running(login_attempts_per_minute=1) as service:
        user_id = (await register(service)).json()["id"]
        assert (await log_in(service, username=f"id {user_id}")).status_code == 401
        assert (await log_in(service, username=f"id {user_id}")).status_code == 429
        body = {"old_password": PASSWORD, "new_password": "another good password"}
        response = await service.call("POST", "/auth/change_password", user_id=user_id, json=body)
        assert response.status_code == 204


async def test_each_process_counts_alone_while_redis_is_unavailable(running: Running, models: Models) -> None:
    async with running(redis_url="redis://127.0.0.1:1/0", login_attempts_per_minute=2) as service:
        await register(service)
        statuses = [(await log_in(service)).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]


async def test_a_clock_that_jumped_forward_and_back_locks_no_account(running: Running, models: Models) -> None:
    """Redis stores when a window ends. After such a jump, that is a year from now."""
    async with running(login_attempts_per_minute=1) as service:
        await register(service)
        assert (await log_in(service, password="wrong password")).status_code == 401
        assert (await log_in(service)).status_code == 429
        redis = service.services.redis
        windows = [key async for key in redis.scan_iter("LIMITS*")]
        assert windows
        for key in windows:
            await redis.expire(key, 365 * 24 * 3600)
        assert (await log_in(service)).status_code == 200
        assert (await log_in(service)).status_code == 429, "the limit holds again"
