"""Secrets stay secret: passwords, keys, and the names of accounts."""

import threading
from collections.abc import AsyncIterator

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr, ValidationError

from cli.stack.servers import free_port
from cs2.settings import Settings
from serving.app import create_app
from serving.auth.repository import Users
from tests.testkit.service import JWT_KEY, PASSWORD, Running, Service, run_service


@pytest.fixture
async def service(running: Running) -> AsyncIterator[Service]:
    """A service without a model, which accounts do not need."""
    async with running() as service:
        yield service


async def test_an_unknown_name_costs_a_hash_as_well(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    hasher = service.services.passwords._hasher
    verify = hasher.verify

    def counting(password: str, stored: str) -> bool:
        verified.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(hasher, "verify", counting)
    response = await service.client.post("/auth/login", data={"username": "nobody", "password": PASSWORD})
    assert response.status_code == 401
    assert len(verified) == 1


async def test_passwords_are_hashed_off_the_event_loop(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    hasher = service.services.passwords._hasher
    hash_of, verify = hasher.hash, hasher.verify
    monkeypatch.setattr(hasher, "hash", lambda password: (threads.append(threading.get_ident()), hash_of(password))[1])
    monkeypatch.setattr(
        hasher, "verify", lambda password, stored: (threads.append(threading.get_ident()), verify(password, stored))[1]
    )
    account = {"username": "ada", "password": PASSWORD}
    assert (await service.client.post("/auth/register", json=account)).status_code == 201
    assert (await service.client.post("/auth/login", data=account)).status_code == 200
    assert len(threads) == 2
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("key", ["", "k" * 31])
def test_a_short_key_is_refused(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(ValidationError, match="jwt_key"):
        Settings(jwt_key=SecretStr(key))


async def test_a_name_with_a_zero_byte_is_unknown(service: Service) -> None:
    response = await service.client.post("/auth/login", data={"username": "ada\x00", "password": PASSWORD})
    assert response.json()["type"] == "urn:cs2-forecast:problem:wrong-credentials"


@pytest.mark.parametrize("password", ["secret1", "secret" * 30])
async def test_a_refused_password_is_not_sent_back(service: Service, password: str) -> None:
    response = await service.client.post("/auth/register", json={"username": "ada", "password": password})
    assert response.status_code == 422
    assert password not in response.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/auth/login", 405)])
async def test_an_unknown_path_is_a_problem(service: Service, method: str, path: str, status: int) -> None:
    response = await service.client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_failure_is_logged_with_its_trace_and_without_secrets(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(self: Users, username: str) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(Users, "get_by_name", fail)
    async with LifespanManager(create_app(settings)) as manager:
        transport = httpx.ASGITransport(manager.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            response = await client.post("/auth/login", data={"username": "ada", "password": PASSWORD})
    assert (response.status_code, response.json()["type"]) == (500, "urn:cs2-forecast:problem:internal-error")
    logged = capsys.readouterr().out
    assert "RuntimeError: out of order" in logged
    assert "out of order" not in response.text
    assert PASSWORD not in logged
    assert JWT_KEY not in logged


async def test_no_log_contains_a_secret(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """No log contains a password, key or token, even when servers with passwords in their URLs are unavailable."""
    port = free_port()
    away = settings.model_copy(
        update={
            "database_url": f"postgresql+psycopg://cs2:database-secret@127.0.0.1:{port}/cs2",
            "redis_url": f"redis://:redis-secret@127.0.0.1:{port}/0",
            "mongo_url": f"mongodb://cs2:mongo-secret@127.0.0.1:{port}/?serverSelectionTimeoutMS=200",
        }
    )
    async with run_service(away, None) as service:  # type: ignore[arg-type] - nothing is forecast
        token = service.token()
        for bearer in (token, token[:-4] + "AAAA", "made-up-secret"):
            headers = {"Authorization": f"Bearer {bearer}"}
            await service.client.get("/forecast/history", headers=headers)
            await service.client.get("/auth/me", headers=headers)
        await service.client.post("/auth/login", data={"username": "ada", "password": PASSWORD})
        await service.client.post("/auth/register", json={"username": "ada", "password": PASSWORD})
        await service.client.get("/metrics")
    logged = "".join(capsys.readouterr())
    assert "database_unavailable" in logged
    for secret in ("database-secret", "redis-secret", "mongo-secret", "made-up-secret", token, PASSWORD, JWT_KEY):
        assert secret not in logged
