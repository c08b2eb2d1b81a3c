"""The service on real servers, in the process of the test, and a client of it."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from cs2.settings import Settings
from serving.app import create_app
from serving.forecast import model_refresher
from serving.lifespan import Services
from serving.middleware.body_limit import replay
from tests.testkit.databases import TEMPLATE, database, redis_database
from tests.testkit.published_models import Models
from tests.testkit.toy_league import TODAY, League, make_league
from tests.testkit.waiting import HANG_SECONDS

JWT_KEY = "k" * 40
PASSWORD = "correct horse battery"
RECONCILE_SECONDS = 1.0


@pytest.fixture
def settings(
    postgres_url: str, redis_url: str, mongo_url: str, mongo_database: str, mlflow_url: str, tmp_path: Path
) -> Settings:
    return Settings(
        database_url=postgres_url,
        redis_url=redis_url,
        mongo_url=mongo_url,
        mongo_database=mongo_database,
        mlflow_url=mlflow_url,
        data_dir=tmp_path,
        clock_date=TODAY,
        jwt_key=SecretStr(JWT_KEY),
        model_refresh_seconds=RECONCILE_SECONDS,
    )


@dataclass(slots=True)
class Service:
    """A running service and its client."""

    client: httpx.AsyncClient
    services: Services
    league: League

    def token(self, user_id: int = 1) -> str:
        return self.services.tokens.issue(user_id)

    async def call(self, method: str, path: str, *, user_id: int = 1, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(user_id)}"}
        return await self.client.request(method, path, headers=headers, **arguments)

    async def forecast(self, **changes: Any) -> httpx.Response:
        question = {key: value for key, value in self.league.question(**changes).items() if value is not ...}
        return await self.client.post(
            "/forecast/get_team1_win_probability",
            json=question,
            headers={"Authorization": f"Bearer {self.token()}"},
        )

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token()}"}
        return await self.client.get(path, params=parameters, headers=headers)


@pytest.fixture(scope="session", autouse=True)
def no_frozen_snapshots() -> Iterator[None]:
    """Leave the garbage collector alone: with all modules of the tests, each full collection takes half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_refresher, "freeze_garbage_collector", lambda: None)
        yield


Running = Callable[..., AbstractAsyncContextManager[Service]]


def at_once(app: ASGIApp) -> ASGIApp:
    """Deliver each body in one part, as uvicorn delivers small ones; httpx splits it, which avoids the fast path."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        body, has_more = b"", True
        while has_more:
            message = await receive()
            body += message.get("body", b"")
            has_more = message.get("more_body", False)
        await app(scope, replay({"type": "http.request", "body": body, "more_body": False}, receive), send)

    return serve


@asynccontextmanager
async def run_service(settings: Settings, league: League) -> AsyncIterator[Service]:
    app = create_app(settings)
    async with LifespanManager(app, startup_timeout=HANG_SECONDS, shutdown_timeout=HANG_SECONDS) as manager:
        transport = httpx.ASGITransport(at_once(manager.app))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Service(client, manager._state["services"], league)


@pytest.fixture
def running(settings: Settings, league: League) -> Running:
    """Run the service, with changed settings if given."""
    return lambda **changes: run_service(settings.model_copy(update=changes), league)


@pytest.fixture
async def service(running: Running, models: Models) -> AsyncIterator[Service]:
    """A service of the test's own."""
    models.publish()
    async with running() as service:
        yield service


@pytest.fixture(scope="module")
async def shared_service(
    servers: dict[str, int],
    worker_number: int,
    mongo_url: str,
    mlflow_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Service]:
    """One service for the tests of a module, which change nothing but the stream of events."""
    with contextmanager(database)(servers, TEMPLATE) as postgres_url:
        league = make_league(postgres_url)
        Models(postgres_url, mlflow_url, league).publish()
        settings = Settings(
            database_url=postgres_url,
            redis_url=redis_database(servers, worker_number),
            mongo_url=mongo_url,
            mongo_database=f"test_{uuid.uuid4().hex}",
            mlflow_url=mlflow_url,
            data_dir=tmp_path_factory.mktemp("shared"),
            clock_date=TODAY,
            jwt_key=SecretStr(JWT_KEY),
        )
        async with run_service(settings, league) as service:
            yield service
