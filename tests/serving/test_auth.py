"""Accounts: register, log in, me; what is wrong is named, and nobody learns who exists."""

from typing import Any

import pytest

from tests.serving.conftest import PASSWORD, Running, Service

ADA = {"username": "ada", "password": PASSWORD}


@pytest.fixture
async def service(running: Running) -> Any:
    """Accounts need no model."""
    async with running() as service:
        yield service


async def log_in(service: Service, username: str, password: str) -> Any:
    return await service.client.post("/auth/login", data={"username": username, "password": password})


async def test_who_registers_can_log_in_and_ask_who_they_are(service: Service) -> None:
    registered = await service.client.post("/auth/register", json=ADA)
    assert registered.status_code == 201
    assert registered.json().keys() == {"id", "username", "role", "created_at"}
    token = (await log_in(service, "Ada", PASSWORD)).json()
    assert token["token_type"] == "bearer"
    me = await service.client.get("/auth/me", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert me.json() == registered.json()


async def test_a_name_is_taken_in_any_case(service: Service) -> None:
    await service.client.post("/auth/register", json=ADA)
    response = await service.client.post("/auth/register", json={**ADA, "username": "ADA"})
    assert (response.status_code, response.json()["type"]) == (409, "urn:cs2-forecast:problem:username-taken")
    assert response.json()["errors"][0]["field"] == "username"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ab"}, "username"),
        ({"username": "a b c"}, "username"),
        ({"username": "ada\x00"}, "username"),
        ({"username": "ad\ud800a"}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"role": "admin"}, "role"),
    ],
)
async def test_a_registration_that_is_wrong_names_the_field_and_keeps_the_password_to_itself(
    service: Service, changes: dict[str, str], field: str
) -> None:
    response = await service.client.post("/auth/register", json={**ADA, **changes})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert changes.get("password", PASSWORD) not in response.text


@pytest.mark.parametrize(("username", "password"), [("ada", "wrong password"), ("nobody", PASSWORD), ("ada\x00", "x")])
async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(
    service: Service, username: str, password: str
) -> None:
    await service.client.post("/auth/register", json=ADA)
    response = await log_in(service, username, password)
    assert response.status_code == 401
    assert response.json()["type"] == "urn:cs2-forecast:problem:wrong-credentials"
    assert response.json()["detail"] == "user name or password are wrong"


async def test_an_unknown_name_costs_a_hash_as_well(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    hasher = service.services.passwords._hasher
    verify = hasher.verify

    def counting(password: str, stored: str) -> bool:
        verified.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(hasher, "verify", counting)
    await log_in(service, "nobody", PASSWORD)
    assert len(verified) == 1


async def test_the_token_of_an_account_that_is_gone_is_refused(service: Service) -> None:
    response = await service.get("/auth/me")
    assert (response.status_code, response.json()["type"]) == (401, "urn:cs2-forecast:problem:account-gone")


async def test_an_unknown_path_is_a_problem(service: Service) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/auth/login", 405)):
        response = await service.client.request(method, path)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
