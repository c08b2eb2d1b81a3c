"""Users register, log in and read their account; invalid requests are refused."""

from typing import Any

import pytest

from tests.testkit.accounts import log_in, register
from tests.testkit.service import Service


async def test_a_registered_user_can_log_in(service: Service) -> None:
    registered = await register(service, username="Ada")
    assert registered.status_code == 201
    assert "password" not in registered.text
    token = (await log_in(service)).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    me = await service.client.get("/auth/me", headers=headers)
    assert me.json() == registered.json()
    assert me.json()["username"] == "ada"
    assert me.json()["role"] == "user"


async def test_me_needs_a_token(service: Service) -> None:
    assert (await service.client.get("/auth/me")).status_code == 401


async def test_the_account_of_a_token_may_be_gone(service: Service) -> None:
    response = await service.get("/auth/me")
    assert response.status_code == 401
    assert response.json()["type"].endswith(":account-gone")


async def test_names_are_unique_in_any_case(service: Service) -> None:
    assert (await register(service)).status_code == 201
    response = await register(service, username="ADA")
    assert response.status_code == 409
    assert response.json()["errors"] == [{"field": "username", "message": "ada is taken; choose another name"}]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "a"}, "username"),
        ({"username": "a b c"}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"role": "admin"}, "role"),
    ],
)
async def test_a_wrong_registration_names_its_field(service: Service, changes: dict[str, Any], field: str) -> None:
    response = await register(service, **changes)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_a_wrong_password_and_an_unknown_name_look_the_same(service: Service) -> None:
    await register(service)
    wrong, unknown = await log_in(service, password="wrong password"), await log_in(service, username="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
