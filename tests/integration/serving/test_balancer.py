"""Two API processes and two sinks behind nginx: the same answers, one history, and deaths that no request notices."""

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
from cs2.settings import Settings
from serving.auth.tokens import Tokens
from tests.testkit.paths import ROOT
from tests.testkit.published_models import Models
from tests.testkit.servers import wait_until_well
from tests.testkit.service import JWT_KEY
from tests.testkit.toy_league import League

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
FORECAST = "/forecast/get_team1_win_probability"
CLIENTS = 4

if NGINX is None:
    pytest.skip("left out: nginx is not installed (apt-get install nginx-light)", allow_module_level=True)


class Replicas:
    """Two APIs and two sinks, each a process, and nginx by the configuration of ``deploy``."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self.ports = [servers.free_port() for _ in range(3)]
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        names = ("database_url", "redis_url", "mongo_url", "mongo_database", "mlflow_url", "clock_date")
        told = {f"CS2_{name.upper()}": str(getattr(settings, name)) for name in names}
        self.environment = {**told, "CS2_JWT_KEY": JWT_KEY, "PYTHONPATH": str(ROOT)}

    def start(self) -> None:
        for number in (0, 1):
            self.api(number)
            self.run(f"sink {number}", [sys.executable, "-m", "ingest_worker"])
        text = (ROOT / "deploy" / "balancer.conf").read_text()
        for written, port in zip((8000, 8001, 8080), self.ports, strict=True):
            text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{port}")
        (self.folder / "balancer.conf").write_text(text)
        assert NGINX is not None
        command = [NGINX, "-p", str(self.folder), "-c", "balancer.conf", "-e", "balancer.log", "-g", "daemon off;"]
        self.run("nginx", command)
        for port in self.ports[:2]:
            wait_until_well(lambda port=port: servers.http_check(f"http://127.0.0.1:{port}/health/ready"), "an API")
        wait_until_well(lambda: servers.http_check(f"{self.url}/health/ready"), "nginx")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[2]}"

    def api(self, number: int) -> None:
        command = [sys.executable, "-m", "serving", "--port", str(self.ports[number])]
        self.run(f"api {number}", command, CS2_DATA_DIR=str(self.folder / f"api{number}"))

    def run(self, name: str, command: list[str], **told: str) -> None:
        with (self.folder / f"{name.replace(' ', '-')}.out").open("ab") as log:
            environment = {**os.environ, **self.environment, **told}
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
    found = Replicas(settings, tmp_path)
    try:
        found.start()
        yield found
    finally:
        found.stop()


class Load:
    """Clients that ask one request after the other, and what they were answered."""

    def __init__(self, url: str, question: dict[str, Any]) -> None:
        token = Tokens(JWT_KEY, 60).issue(1)
        self.url, self.question, self.headers = url, question, {"Authorization": f"Bearer {token}"}
        self.answers: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self._may_ask = asyncio.Event()
        self._may_ask.set()
        self._stop = False
        self._asking = 0

    async def client(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=30) as client:
            while not self._stop:
                await self._may_ask.wait()
                self._asking += 1
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
                    self._asking -= 1

    @asynccontextmanager
    async def between_requests(self) -> AsyncIterator[None]:
        """A moment in which no request is under way."""
        self._may_ask.clear()
        while self._asking:
            await asyncio.sleep(0.005)
        yield
        self._may_ask.set()

    async def more(self, n: int) -> None:
        """Wait for so many answers more."""
        wanted = len(self.answers) + n
        async with asyncio.timeout(120):
            while len(self.answers) < wanted:
                assert not self.failures, self.failures[:3]
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        tasks = [asyncio.create_task(self.client()) for _ in range(CLIENTS)]
        try:
            yield self
        finally:
            self._stop = True
            self._may_ask.set()
            await asyncio.gather(*tasks)


async def stored(settings: Settings, n: int) -> list[str]:
    """Ids in the history, once they are ``n`` or patience ends."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(settings.mongo_url)
    try:
        collection = client[settings.mongo_database]["forecasts"]
        async with asyncio.timeout(60):
            while await collection.count_documents({}) < n:
                await asyncio.sleep(0.05)
        return [document["_id"] async for document in collection.find({}, {"_id": 1})]
    finally:
        await client.close()


async def test_replicas_give_the_same_answers_and_one_history_and_deaths_fail_no_request(
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
        await asyncio.to_thread(wait_until_well, lambda: servers.http_check(wait), "the API")
        await load.more(40)
        async with load.between_requests():
            replicas.end("api 1", signal.SIGKILL)
        await load.more(40)
    assert load.failures == []
    inside = httpx.get(f"http://127.0.0.1:{replicas.ports[0]}/metrics")
    assert (inside.status_code, httpx.get(f"{replicas.url}/metrics").status_code) == (200, 404)
    assert len({answer["team1_win_probability"] for answer in load.answers}) == 1
    assert {answer["model"]["version"] for answer in load.answers} == {load.answers[0]["model"]["version"]}
    ids = [answer["forecast_id"] for answer in load.answers]
    assert sorted(await stored(settings, len(ids))) == sorted(ids), "each once, and nothing that nobody was answered"


async def test_apis_that_are_stopped_and_started_in_turn_fail_no_request(
    replicas: Replicas, settings: Settings, league: League
) -> None:
    async with Load(replicas.url, league.question()).running() as load:
        for number in (0, 1, 0, 1):
            await load.more(40)
            await asyncio.to_thread(replicas.end, f"api {number}", signal.SIGTERM)
            await load.more(40)
            replicas.api(number)
            wait = f"http://127.0.0.1:{replicas.ports[number]}/health/ready"
            await asyncio.to_thread(wait_until_well, lambda wait=wait: servers.http_check(wait), "the API")
    assert load.failures == []
    ids = [answer["forecast_id"] for answer in load.answers]
    assert sorted(await stored(settings, len(ids))) == sorted(ids)


async def test_a_request_that_a_death_cut_off_is_not_asked_twice(
    replicas: Replicas, settings: Settings, league: League
) -> None:
    """The API is stopped, so that it takes the request and does not answer; then it dies."""
    replicas.end("api 1", signal.SIGTERM)
    load = Load(replicas.url, league.question())
    async with httpx.AsyncClient(base_url=replicas.url, headers=load.headers, timeout=30) as client:
        assert (await client.get("/maps")).status_code == 200
        replicas.children["api 0"].send_signal(signal.SIGSTOP)
        cut = asyncio.create_task(client.post(FORECAST, json=load.question))
        await asyncio.sleep(0.5)  # nothing to await: a stopped process tells nothing
        replicas.api(1)
        wait = f"http://127.0.0.1:{replicas.ports[1]}/health/ready"
        await asyncio.to_thread(wait_until_well, lambda: servers.http_check(wait), "the API")
        replicas.end("api 0", signal.SIGKILL)
        assert (await cut).status_code == 502
        answer = await client.post(FORECAST, json=load.question)
    assert answer.status_code == 200
    assert await stored(settings, 1) == [answer.json()["forecast_id"]]
