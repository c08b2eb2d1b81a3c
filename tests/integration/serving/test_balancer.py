"""Two APIs and two sinks behind nginx share one history and lose no request when one of them stops."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import AsyncMongoClient

from cli.stack import servers
from cli.stack.temporary import wait_until_healthy
from cs2.settings import Settings
from serving.auth.tokens import Tokens
from tests.testkit.paths import ROOT
from tests.testkit.published_models import Models
from tests.testkit.service import JWT_KEY
from tests.testkit.toy_league import League

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
FORECAST = "/forecast/get_team1_win_probability"
CLIENTS = 4

if NGINX is None:
    pytest.skip("left out: nginx is not installed (apt-get install nginx-light)", allow_module_level=True)


class Replicas:
    """Two API processes, two sink processes, and nginx with the configuration in ``deploy``."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self.ports = [servers.free_port() for _ in range(3)]
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        names = ("database_url", "redis_url", "mongo_url", "mongo_database", "mlflow_url", "clock_date")
        variables = {f"CS2_{name.upper()}": str(getattr(settings, name)) for name in names}
        self.environment = {**variables, "CS2_JWT_KEY": JWT_KEY, "PYTHONPATH": str(ROOT)}

    def start(self) -> None:
        for number in (0, 1):
            self.api(number)
            self.run(f"sink {number}", [sys.executable, "-m", "ingest_worker"])
        text = (ROOT / "deploy" / "balancer.conf").read_text()
        for default_port, port in zip((8000, 8001, 8080), self.ports, strict=True):
            text = text.replace(f"127.0.0.1:{default_port}", f"127.0.0.1:{port}")
        (self.folder / "balancer.conf").write_text(text)
        assert NGINX is not None
        command = [NGINX, "-p", str(self.folder), "-c", "balancer.conf", "-e", "balancer.log", "-g", "daemon off;"]
        self.run("nginx", command)
        for port in self.ports[:2]:
            wait_until_healthy(lambda port=port: servers.http_check(f"http://127.0.0.1:{port}/health/ready"), "an API")
        wait_until_healthy(lambda: servers.http_check(f"{self.url}/health/ready"), "nginx")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[2]}"

    def api(self, number: int, **variables: str) -> None:
        command = [sys.executable, "-m", "serving", "--port", str(self.ports[number])]
        self.run(f"api {number}", command, CS2_DATA_DIR=str(self.folder / f"api{number}"), **variables)

    def run(self, name: str, command: list[str], **variables: str) -> None:
        with (self.folder / f"{name.replace(' ', '-')}.out").open("ab") as log:
            environment = {**os.environ, **self.environment, **variables}
            self.children[name] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def end(self, name: str, number: signal.Signals) -> None:
        child = self.children.pop(name)
        child.send_signal(number)
        child.wait(30)

    def stop(self) -> None:
        for name in list(self.children):
            self.end(name, signal.SIGTERM)


@pytest.fixture
def replicas(settings: Settings, models: Models, tmp_path: Path) -> Iterator[Replicas]:
    models.publish()
    replicas = Replicas(settings, tmp_path)
    try:
        replicas.start()
        yield replicas
    finally:
        replicas.stop()


class Load:
    """Clients that send requests one after another, and the answers."""

    def __init__(self, url: str, question: dict[str, Any]) -> None:
        token = Tokens(JWT_KEY, 60).issue(1)
        self.url, self.question, self.headers = url, question, {"Authorization": f"Bearer {token}"}
        self.answers: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self._may_send = asyncio.Event()
        self._may_send.set()
        self._stop = False
        self._in_flight = 0

    async def client(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=30) as client:
            while not self._stop:
                await self._may_send.wait()
                self._in_flight += 1
                try:
                    answer = await client.post(FORECAST, json=self.question)
                    maps = await client.get("/maps")
                    if answer.status_code != 200 or maps.status_code != 200:
                        self.failures.append(f"{answer.status_code} {maps.status_code} {answer.text[:200]}")
                    else:
                        self.answers.append(answer.json())
                except httpx.TransportError as error:
                    self.failures.append(f"{type(error).__name__}: {error}")
                finally:
                    self._in_flight -= 1

    @asynccontextmanager
    async def between_requests(self) -> AsyncIterator[None]:
        """Run the block while no request is in flight."""
        self._may_send.clear()
        while self._in_flight:
            await asyncio.sleep(0.005)
        yield
        self._may_send.set()

    async def more(self, n: int) -> None:
        """Wait for ``n`` more answers."""
        expected = len(self.answers) + n
        async with asyncio.timeout(120):
            while len(self.answers) < expected:
                assert not self.failures, self.failures[:3]
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        tasks = [asyncio.create_task(self.client()) for _ in range(CLIENTS)]
        try:
            yield self
        finally:
            self._stop = True
            self._may_send.set()
            await asyncio.gather(*tasks)


async def stored(settings: Settings, n: int) -> list[str]:
    """Return the ids in the history once it has ``n``."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(settings.mongo_url)
    try:
        collection = client[settings.mongo_database]["forecasts"]
        async with asyncio.timeout(60):
            while await collection.count_documents({}) < n:
                await asyncio.sleep(0.05)
        return [document["_id"] async for document in collection.find({}, {"_id": 1})]
    finally:
        await client.close()


async def test_killed_replicas_lose_no_request_and_share_one_history(
    replicas: Replicas, settings: Settings, league: League
) -> None:
    async with Load(replicas.url, league.question()).running() as load:
        await load.more(40)
        async with load.between_requests():
            replicas.end("api 0", signal.SIGKILL)
        replicas.end("sink 0", signal.SIGKILL)
        await load.more(40)
        replicas.api(0)
        wait = f"http://127.0.0.1:{replicas.ports[0]}/health/ready"
        await asyncio.to_thread(wait_until_healthy, lambda: servers.http_check(wait), "the API")
        await load.more(40)
        async with load.between_requests():
            replicas.end("api 1", signal.SIGKILL)
        await load.more(40)
    assert load.failures == []
    direct = httpx.get(f"http://127.0.0.1:{replicas.ports[0]}/metrics")
    assert (direct.status_code, httpx.get(f"{replicas.url}/metrics").status_code) == (200, 404)
    assert len({answer["team1_win_probability"] for answer in load.answers}) == 1
    assert {answer["model"]["version"] for answer in load.answers} == {load.answers[0]["model"]["version"]}
    ids = [answer["forecast_id"] for answer in load.answers]
    assert sorted(await stored(settings, len(ids))) == sorted(ids), "the history has exactly these answers, each once"


async def test_stopped_apis_lose_no_request(replicas: Replicas, settings: Settings, league: League) -> None:
    async with Load(replicas.url, league.question()).running() as load:
        for number in (0, 1, 0, 1):
            await load.more(40)
            await asyncio.to_thread(replicas.end, f"api {number}", signal.SIGTERM)
            await load.more(40)
            replicas.api(number)
            wait = f"http://127.0.0.1:{replicas.ports[number]}/health/ready"
            await asyncio.to_thread(wait_until_healthy, lambda wait=wait: servers.http_check(wait), "the API")
    assert load.failures == []
    ids = [answer["forecast_id"] for answer in load.answers]
    assert sorted(await stored(settings, len(ids))) == sorted(ids)


async def test_a_request_cut_off_by_a_crash_is_not_repeated(
    replicas: Replicas, settings: Settings, league: League
) -> None:
    """The suspended API receives the request without answering, and is then killed."""
    replicas.end("api 1", signal.SIGTERM)
    load = Load(replicas.url, league.question())
    async with httpx.AsyncClient(base_url=replicas.url, headers=load.headers, timeout=30) as client:
        assert (await client.get("/maps")).status_code == 200
        replicas.children["api 0"].send_signal(signal.SIGSTOP)
        cut = asyncio.create_task(client.post(FORECAST, json=load.question))
        await asyncio.sleep(0.5)  # a suspended process offers no condition to poll
        replicas.api(1)
        wait = f"http://127.0.0.1:{replicas.ports[1]}/health/ready"
        await asyncio.to_thread(wait_until_healthy, lambda: servers.http_check(wait), "the API")
        replicas.end("api 0", signal.SIGKILL)
        assert (await cut).status_code == 502
        answer = await client.post(FORECAST, json=load.question)
    assert answer.status_code == 200
    assert await stored(settings, 1) == [answer.json()["forecast_id"]]


async def test_an_api_that_stops_is_not_ready_first_and_still_serves(replicas: Replicas, league: League) -> None:
    replicas.end("api 0", signal.SIGTERM)
    replicas.api(0, CS2_DRAIN_SECONDS="20")
    url = f"http://127.0.0.1:{replicas.ports[0]}"
    ready = f"{url}/health/ready"
    await asyncio.to_thread(wait_until_healthy, lambda: servers.http_check(ready), "the API")
    replicas.children["api 0"].send_signal(signal.SIGTERM)
    headers = Load(url, {}).headers
    async with httpx.AsyncClient(headers=headers, timeout=30) as client, asyncio.timeout(60):
        while (readiness := await client.get(ready)).status_code == 200:
            await asyncio.sleep(0.05)
        answer = await client.post(f"{url}{FORECAST}", json=league.question())
    assert (readiness.status_code, readiness.headers["connection"]) == (503, "close")
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
