"""Inject faults under load in a seeded order, check the conditions after each, and report."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pymongo
import redis

from cs2.messages import DEAD_EVENTS_STREAM, EVENTS_GROUP, EVENTS_STREAM, FORECASTS_COLLECTION
from tests.system.faults.forgeries import forgeries
from tests.system.faults.load import Load
from tests.system.faults.publishing import Publisher, champions
from tests.system.faults.testbed import Process, Testbed

DOWN_SECONDS = 10.0
RECOVERY_SECONDS = 5.0
"""The goal. Longer recoveries are printed and do not fail: the machine may be busy."""
PATIENCE_SECONDS = 300.0
"""Time limit of every wait; the time that it took is printed."""


@dataclass(slots=True)
class Report:
    """Counts of faults, and the times of recovery."""

    seed: int
    started: float = field(default_factory=time.monotonic)
    stops: dict[str, int] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    recoveries: list[tuple[float, str]] = field(default_factory=list)
    swaps: int = 0
    refused_models: int = 0
    forged: int = 0
    dead: int = 0
    log_ins_refused: int = 0

    def count(self, kinds: dict[str, int], name: str) -> None:
        kinds[name] = kinds.get(name, 0) + 1


class FaultInjector:
    """Injector of stops, kills and forged data into a testbed."""

    def __init__(
        self,
        testbed: Testbed,
        load: Load,
        publisher: Publisher,
        chance: random.Random,
        report: Report,
        account: dict[str, str],
    ) -> None:
        self.testbed, self.load, self.publisher = testbed, load, publisher
        self.chance, self.report, self.account = chance, report, account
        self.mongo: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(testbed.settings.mongo_url)
        self.forecasts = self.mongo[testbed.settings.mongo_database][FORECASTS_COLLECTION]
        self.redis = redis.Redis.from_url(testbed.settings.redis_url)
        self.http = httpx.AsyncClient(timeout=30)
        self._seed = 0

    async def close(self) -> None:
        self.mongo.close()
        self.redis.close()
        await self.http.aclose()

    # Conditions seen from outside

    async def ready(self, api: Process) -> dict[str, Any]:
        readiness: dict[str, Any] = (await self.http.get(f"{self.testbed.url(api)}/health/ready")).json()
        return readiness

    async def until(self, what: str, condition: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not await condition():
            assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS:.0f} s for: {what}"
            await asyncio.sleep(0.05)

    async def recover(self, after: str, since: float) -> None:
        """Wait until all APIs are healthy and every event that was published so far is in MongoDB."""
        last_ill = ""
        for api in self.testbed.apis:

            async def well(api: Process = api) -> bool:
                nonlocal last_ill
                components = (await self.ready(api))["components"]
                ill = [f"{name}: {state['detail']}" for name, state in components.items() if not state["is_well"]]
                last_ill = ill[-1] if ill else last_ill
                return not ill

            await self.until(f"{api.name} is well after {after}", well)
        well_after = time.monotonic() - since
        last = parts((await asyncio.to_thread(self.redis.xinfo_stream, EVENTS_STREAM))["last-generated-id"])

        async def stored() -> bool:
            (group,) = self.redis.xinfo_groups(EVENTS_STREAM)
            oldest = self.redis.xpending(EVENTS_STREAM, EVENTS_GROUP)["min"]
            return parts(group["last-delivered-id"]) >= last and (not oldest or parts(oldest) > last)

        await self.until(f"everything is stored after {after}", stored)
        took = time.monotonic() - since
        self.report.recoveries.append((took, after))
        if took > RECOVERY_SECONDS:
            print(f"{after}: well after {well_after:.1f} s ({last_ill}), all stored after {took:.1f} s", flush=True)

    async def start(self, process: Process, after: str) -> None:
        process.launch()
        await asyncio.to_thread(process.wait)
        await self.recover(after, time.monotonic())

    def kill(self, process: Process) -> None:
        process.end(signal.SIGKILL)
        self.report.count(self.report.kills, process.name.split()[0])

    async def restart(self, process: Process, after: str) -> None:
        """Kill a process and restart it at once; the recovery time starts with the kill."""
        killed = time.monotonic()
        self.kill(process)
        process.launch()
        await asyncio.to_thread(process.wait)
        await self.recover(after, killed)

    # Unavailable servers

    async def without(self, server: Process, meanwhile: Callable[[], Awaitable[None]]) -> None:
        """Stop a server for ten seconds, with its stop signal or SIGKILL, and run ``meanwhile``."""
        hard = server.name in {self.testbed.redis.name, self.testbed.mongo.name} and self.chance.random() < 0.5
        stopped = time.monotonic()
        await asyncio.to_thread(server.end, signal.SIGKILL if hard else None)
        self.report.count(self.report.stops, server.name)
        await asyncio.sleep(self.chance.uniform(1, 3))
        await meanwhile()
        await asyncio.sleep(max(0.0, DOWN_SECONDS - (time.monotonic() - stopped)))
        await self.start(server, f"{server.name} was away")

    async def redis_away(self) -> None:
        async def meanwhile() -> None:
            api = self.chance.choice(self.testbed.apis)
            assert self.testbed.fallback_file(api).stat().st_size, "the fallback file contains pending events"
            self.kill(api)
            api.launch()
            await asyncio.to_thread(api.wait)

        await self.without(self.testbed.redis, meanwhile)

    async def mongo_away(self) -> None:
        async def meanwhile() -> None:
            for sink in self.testbed.sinks:
                self.kill(sink)
                sink.launch()

        await self.without(self.testbed.mongo, meanwhile)

    async def postgres_away(self) -> None:
        async def meanwhile() -> None:
            api, other = self.chance.sample(self.testbed.apis, 2)
            self.kill(api)
            api.launch()
            await asyncio.to_thread(api.wait)  # the API starts from its disk cache
            answer = await self.http.post(f"{self.testbed.url(other)}/auth/login", data=self.account)
            assert answer.status_code == 503, answer.text
            self.report.log_ins_refused += 1

        await self.without(self.testbed.postgres, meanwhile)

    async def mlflow_away(self) -> None:
        seed = self._next_seed()
        address = await asyncio.to_thread(self.publisher.upload, seed)
        versions: list[int] = []

        async def meanwhile() -> None:
            versions.append(await asyncio.to_thread(self.publisher.publish, seed, artifact_uri=address))
            api = self.chance.choice(self.testbed.apis)
            await self.until("the missing blob is reported", lambda: self._reports(api, "mlflow", "does not return"))

        await self.without(self.testbed.mlflow, meanwhile)
        await self.serves(versions[-1])

    async def disk_full(self) -> None:
        """Redis is down and the fallback file cannot grow: the API refuses requests and loses no event."""
        api = self.chance.choice(self.testbed.apis)
        await asyncio.to_thread(self.testbed.redis.end)
        self.report.count(self.report.stops, "Redis")
        await asyncio.sleep(1.0)
        ledger = self.load.ledger
        ledger.may_be_full.add(api.name)
        api.limit_files(1)  # limits the fallback file and the log
        n_refused = ledger.counts["full"]

        async def refuses() -> bool:
            return ledger.counts["full"] > n_refused + 20

        await self.until("the full disk refuses", refuses)
        assert (await self.http.get(f"{self.testbed.url(api)}/health/ready")).status_code == 503
        api.limit_files(-1)
        await self.start(self.testbed.redis, "the disk was full")
        await asyncio.sleep(0.5)  # for the pending answers
        ledger.may_be_full.clear()

    # Models and messages

    async def _reports(self, api: Process, component: str, text: str) -> bool:
        state = (await self.ready(api))["components"][component]
        return text in state["detail"] and not state["is_well"]

    async def serves(self, version: int) -> None:
        for api in self.testbed.apis:

            async def new(api: Process = api) -> bool:
                return bool((await self.ready(api))["model_version"] == version)

            await self.until(f"{api.name} serves version {version}", new)

    def _next_seed(self) -> int:
        self._seed += 1
        return self._seed

    async def swap(self) -> None:
        version = await asyncio.to_thread(self.publisher.publish, self._next_seed())
        await self.serves(version)
        self.report.swaps += 1

    async def bad_model(self, reason: str, changes: dict[str, Any]) -> None:
        before = [(await self.ready(api))["model_version"] for api in self.testbed.apis]
        await asyncio.to_thread(self.publisher.publish, self._next_seed(), **changes)
        for api in self.testbed.apis:
            await self.until(f"{api.name} refuses: {reason}", lambda api=api: self._reports(api, "model", reason))
        assert [(await self.ready(api))["model_version"] for api in self.testbed.apis] == before
        self.report.refused_models += 1

    async def run_killed(self, run: Process) -> None:
        """Kill a publishing run at a random moment, and check that one champion is left."""
        run.launch()
        await self.until(
            "the run publishes", lambda: asyncio.to_thread(lambda: run.log.read_bytes().count(b"publishes") > run.kills)
        )
        await asyncio.sleep(self.chance.uniform(0.0, 0.5))
        self.kill(run)
        (version,) = await asyncio.to_thread(champions, self.testbed.settings.database_url)
        since = time.monotonic()
        await self.serves(version)
        await self.recover("a publishing run was killed", since)

    async def forge(self) -> None:
        """Write malformed and forged messages to the channel and the stream."""
        for payload in (b"{", b"\xff", b'{"kind": "model"}', b"[" * 10_000, b'{"model_version": 999}'):
            self.redis.publish("ml_models", payload)
        document: dict[str, Any] = {}

        async def has_forecast() -> bool:
            document.update(await asyncio.to_thread(self.forecasts.find_one, {"kind": "map"}) or {})
            return bool(document)

        await self.until("a forecast is stored", has_forecast)
        for name, payload in forgeries(document).items():
            self.redis.xadd(EVENTS_STREAM, {"event": payload})
            self.report.forged += 1
            self.report.dead += name != "another answer"
        self.redis.xadd(EVENTS_STREAM, {"something": "else"})
        self.report.forged, self.report.dead = self.report.forged + 6, self.report.dead + 1

        async def are_dead_letters() -> bool:
            return self.redis.xlen(DEAD_EVENTS_STREAM) >= self.report.dead  # type: ignore[operator,no-any-return]

        await self.until("forged events become dead letters", are_dead_letters)

    # The end

    async def drained(self) -> None:
        """Wait until every event of the stream is stored."""

        async def empty() -> bool:
            (group,) = self.redis.xinfo_groups(EVENTS_STREAM)
            last = self.redis.xinfo_stream(EVENTS_STREAM)["last-generated-id"]
            return not group["pending"] and group["last-delivered-id"] == last

        await self.until("everything is stored", empty)


def parts(entry_id: bytes) -> tuple[int, ...]:
    return tuple(int(part) for part in entry_id.split(b"-"))
