"""The service under uvicorn on a free port, in a thread, with accounts and a history."""

import asyncio
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import requests
import uvicorn
from pydantic import SecretStr

from cli.stack.servers import free_port, http_check
from cli.stack.temporary import wait_until_healthy
from cs2.settings import Settings
from serving.__main__ import KEEP_ALIVE_SECONDS
from serving.app import create_app
from tests.testkit.databases import TEMPLATE, database, plain
from tests.testkit.published_models import Models
from tests.testkit.service import JWT_KEY, PASSWORD
from tests.testkit.sink import store_all
from tests.testkit.toy_league import TODAY, make_league

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Tried:
    """A running service, and headers of three callers: anonymous, user, admin."""

    url: str
    session: requests.Session
    headers: tuple[Headers, Headers, Headers]


@contextmanager
def tried_service(servers: dict[str, int], mlflow_url: str, worker_number: int, folder: Path) -> Iterator[Tried]:
    """Run a service with two models, a user and an admin with a history, and no limit of log-in attempts."""
    with contextmanager(database)(servers, TEMPLATE) as postgres_url:
        league = make_league(postgres_url)
        models = Models(postgres_url, mlflow_url, league)
        models.publish()
        models.publish(seed=1)  # a version to roll back to
        settings = Settings(
            database_url=postgres_url,
            redis_url=f"redis://127.0.0.1:{servers['redis_port']}/{worker_number}",
            mongo_url=f"mongodb://127.0.0.1:{servers['mongo_port']}/?directConnection=true",
            mongo_database=f"test_{uuid.uuid4().hex}",
            mlflow_url=mlflow_url,
            data_dir=folder,
            clock_date=TODAY,
            jwt_key=SecretStr(JWT_KEY),
            login_attempts_per_minute=10**6,
            login_attempts_per_address_per_minute=10**6,
        )
        with _live(settings) as url, requests.Session() as session:
            user, admin = _account(url), _account(url)
            with psycopg.connect(plain(postgres_url)) as connection:
                connection.execute("UPDATE users SET role = 'admin' WHERE id = (SELECT max(id) FROM users)")
            for headers in (user, admin):
                _fill_history(url, headers, league.question())
            n_stored = asyncio.run(store_all(settings.redis_url, settings.mongo_url, settings.mongo_database))
            assert n_stored >= 6
            yield Tried(url, session, ({}, user, admin))


@contextmanager
def _live(settings: Settings) -> Iterator[str]:
    port = free_port()
    config = uvicorn.Config(
        create_app(settings),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="live service")
    thread.start()
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(lambda: http_check(f"{url}/health/live"), "the service")
        yield url
    finally:
        server.should_exit = True
        thread.join()


def _account(url: str) -> Headers:
    username = f"u{uuid.uuid4().hex[:12]}"
    httpx.post(f"{url}/auth/register", json={"username": username, "password": PASSWORD}).raise_for_status()
    answer = httpx.post(f"{url}/auth/login", data={"username": username, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _fill_history(url: str, headers: Headers, question: dict[str, Any]) -> None:
    series = {name: value for name, value in question.items() if name != "map_id"}
    bodies = {"get_team1_win_probability": question, "series": series, "batch": {"forecasts": [question]}}
    for path, body in bodies.items():
        httpx.post(f"{url}/forecast/{path}", json=body, headers=headers).raise_for_status()
