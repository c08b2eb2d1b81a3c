"""Every answer has the security headers, whether it succeeds, is refused or fails."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256

import httpx
import pytest
from asgi_lifespan import LifespanManager

from cs2.settings import Settings
from serving.app import create_app
from serving.auth.repository import Users
from tests.testkit.service import PASSWORD, Running, Service


@pytest.fixture
async def service(running: Running) -> AsyncIterator[Service]:
    """A service without a model, which this module does not need."""
    async with running() as service:
        yield service


def policy_of(response: httpx.Response) -> dict[str, list[str]]:
    """Check the other headers and return the Content-Security-Policy by directive."""
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    (policy,) = response.headers.get_list("content-security-policy")
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


async def test_every_answer_has_the_headers(service: Service) -> None:
    good = await service.get("/teams")
    answers = {
        200: good,
        401: await service.client.get("/teams"),
        404: await service.client.get("/nothing"),
        405: await service.client.put("/teams"),
        413: await service.client.post("/auth/login", content=b" " * 70_000),
        422: await service.get("/teams", limit=0),
        503: await service.forecast(),
    }
    for status, response in answers.items():
        assert response.status_code == status
        assert policy_of(response)["default-src"] == ["'none'"]
        assert policy_of(response)["frame-ancestors"] == ["'none'"]


async def test_an_internal_error_has_the_headers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Users, username: str) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(Users, "get_by_name", fail)
    async with LifespanManager(create_app(settings)) as manager:
        transport = httpx.ASGITransport(manager.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            response = await client.post("/auth/login", data={"username": "ada", "password": PASSWORD})
    assert response.status_code == 500
    assert policy_of(response)["default-src"] == ["'none'"]


async def test_the_page_runs_only_its_own_scripts(service: Service) -> None:
    response = await service.client.get("/docs")
    assert response.headers["content-type"].startswith("text/html")
    policy, page = policy_of(response), response.text
    (inline,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(inline.encode()).digest()).decode()
    assert set(policy["script-src"]) == {f"'sha256-{digest}'", "'self'"}
    assert policy["connect-src"] == ["'self'"]
    assert policy["default-src"] == policy["frame-ancestors"] == ["'none'"]
    assert not re.findall(r"\son\w+=", page), "the policy blocks inline event handlers"


async def test_the_page_loads_only_from_the_service(service: Service) -> None:
    page = (await service.client.get("/docs")).text
    loaded = {url for url in re.findall(r'(?:src|href)="([^"]+)"', page) if not url.startswith("data:")}
    assert loaded == {"/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"}
    for url, kind in (("/docs/swagger-ui-bundle.js", "text/javascript"), ("/docs/swagger-ui.css", "text/css")):
        response = await service.client.get(url)
        assert policy_of(response)["default-src"] == ["'none'"]
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(kind)
        assert "swagger-ui" in response.text
    assert (await service.client.get("/docs/redoc.standalone.js")).status_code == 404


async def test_allow_lists_all_methods_of_a_path(service: Service) -> None:
    for path, methods in (
        ("/auth/me", {"GET", "DELETE"}),
        ("/maps/1", {"GET"}),
        ("/docs", {"GET"}),
        ("/docs/swagger-ui.css", {"GET", "HEAD"}),
    ):
        response = await service.client.put(path)
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) == methods
