"""Inject faults under load: ``python -m tests.system.faults.running --seconds 600`` (``make faults``)."""

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
import time
from collections import defaultdict
from dataclasses import asdict
from typing import Any

import httpx

from cs2.messages import DEAD_EVENTS_STREAM
from tests.system.faults.injector import DOWN_SECONDS, RECOVERY_SECONDS, FaultInjector, Report
from tests.system.faults.load import Ledger, Load
from tests.system.faults.publishing import Publisher, bad_models
from tests.system.faults.testbed import Process, Testbed
from tests.testkit.toy_league import make_league

SEED = "CS2_FAULTS_SEED"
SWAPS = 100


def chosen_seed() -> int:
    return int(os.environ.get(SEED) or secrets.randbelow(10**6))


async def run(*, seed: int, seconds: float, kills: int, pause_seconds: float = 0.02) -> "Outcome":
    """Inject rounds of faults for ``seconds``, at least one round.

    Args:
        seed: Seed of all random choices.
        seconds: No new round starts after this time.
        kills: Kills at random moments in each round; more happen while a server is down.
        pause_seconds: Time between an answer and the next request of a client.
    """
    print(f"{SEED}={seed}", flush=True)
    chance, testbed = random.Random(seed), Testbed()
    try:
        await asyncio.to_thread(testbed.start_servers)
        league = make_league(testbed.settings.database_url)
        settings = testbed.settings
        publisher = Publisher(settings.database_url, settings.mlflow_url, settings.redis_url, league)
        await asyncio.to_thread(publisher.publish, 0)
        await asyncio.to_thread(testbed.start_parts)
        account = {"username": "ada", "password": "correct horse battery"}
        token = log_in(testbed.url(testbed.apis[0]), account)
        load = Load(testbed, league.question(), token, pause_seconds=pause_seconds)
        faults = FaultInjector(testbed, load, publisher, chance, Report(seed), account)
        publishing = publishing_run(testbed, json.dumps(asdict(league)))
        try:
            async with load:
                await rounds(faults, publishing, seconds, kills)
            await faults.drained()
            return await asyncio.to_thread(Outcome, faults)
        finally:
            publishing.end()
            await faults.close()
    finally:
        testbed.stop()


def log_in(url: str, account: dict[str, str]) -> str:
    httpx.post(f"{url}/auth/register", json=account).raise_for_status()
    answer = httpx.post(f"{url}/auth/login", data=account)
    return str(answer.raise_for_status().json()["access_token"])


def publishing_run(testbed: Testbed, league: str) -> Process:
    command = [sys.executable, "-m", "tests.system.faults.publishing", league, "1000"]
    log = testbed.folder / "publishing.log"
    return Process("publishing run", command, lambda: None, log, environment=testbed.environment)


async def rounds(faults: FaultInjector, publishing: Process, seconds: float, kills: int) -> None:
    testbed, chance, report = faults.testbed, faults.chance, faults.report
    while True:
        began = time.monotonic()
        steps: list[Any] = [faults.redis_away, faults.mongo_away, faults.postgres_away, faults.mlflow_away]
        steps += [faults.disk_full, faults.forge]
        chance.shuffle(steps)
        for step in steps:
            print_step(report, step.__name__)
            await step()
        print_step(report, "bad models")
        for reason, changes in bad_models().items():
            await faults.bad_model(reason, changes)
        await faults.swap()
        print_step(report, "kills")
        victims = [*testbed.apis, *testbed.sinks, publishing]
        for number in range(kills):
            victim = victims[number % len(victims)]
            await asyncio.sleep(chance.uniform(0.0, 1.0))
            if victim is publishing:
                await faults.run_killed(victim)
            else:
                await faults.restart(victim, f"{victim.name} was killed")
        if report.swaps < SWAPS:
            print_step(report, "swaps")
            for _ in range(SWAPS):
                await faults.swap()
        took = time.monotonic() - began
        if time.monotonic() - report.started + took > seconds:
            return


def print_step(report: Report, step: str) -> None:
    print(f"  {time.monotonic() - report.started:5.0f} s  {step}", flush=True)


class Outcome:
    """The stored forecasts compared with the answers."""

    def __init__(self, faults: FaultInjector) -> None:
        self.report: Report = faults.report
        self.ledger: Ledger = faults.load.ledger
        self.seconds = time.monotonic() - self.report.started
        self.stored = self.duplicated = self.changed = self.unrequested = 0
        stored_ids: set[str] = set()
        versions: defaultdict[tuple[int, int], set[float]] = defaultdict(set)
        for document in faults.forecasts.find():
            self.stored += 1
            identity = document["response"]["forecast_id"]
            self.duplicated += identity in stored_ids
            stored_ids.add(identity)
            answer = self.ledger.answers.get(identity)
            self.unrequested += answer is None
            self.changed += answer is not None and (answer != document["response"] or identity != document["_id"])
            if document["kind"] == "map":  # all maps are one question, so each model and snapshot must give one answer
                served = document["model_version"], document["snapshot_id"]
                versions[served].add(document["response"]["team1_win_probability"])
        self.lost = len(self.ledger.answers.keys() - stored_ids)
        self.dead = faults.redis.xlen(DEAD_EVENTS_STREAM)
        self.mixed = sum(len(answers) != 1 for answers in versions.values())

    def table(self) -> str:
        """Return the result as a table (docs/reliability.md)."""
        report, ledger, counts = self.report, self.ledger, self.ledger.counts
        slowest = max(report.recoveries)
        within = sum(seconds < RECOVERY_SECONDS for seconds, _ in report.recoveries)
        rows = {
            "seed": report.seed,
            "seconds under load": f"{self.seconds:.0f}",
            "requests": f"{sum(counts.values()):,}",
            "  failed that must not": counts["failed"],
            "  refused while the API they asked was down": counts["refused"],
            "  cut off by a kill": f"{counts['cut']} (asking for {ledger.cut_forecasts} forecasts)",
            "  refused as the disk was full": counts["full"],
            "forecasts answered": f"{len(ledger.answers):,}",
            "  lost": self.lost,
            "  duplicated": self.duplicated,
            "  stored otherwise than answered": self.changed,
            "stored without a received answer": f"{self.unrequested} (at most {ledger.cut_forecasts})",
            f"stops of servers, {DOWN_SECONDS:.0f} s each (disk full: shorter)": counted(report.stops),
            "kills": counted(report.kills),
            "model swaps under load": report.swaps,
            "bad models refused": report.refused_models,
            "forged and malformed messages": f"{report.forged}, dead letters {self.dead} of {report.dead}",
            "recoveries": f"{len(report.recoveries)}, within {RECOVERY_SECONDS:.0f} s: {within}",
            "slowest recovery": f"{slowest[0]:.1f} s ({slowest[1]})",
        }
        width = max(map(len, rows))
        return "\n".join(f"{name:{width}}  {value}" for name, value in rows.items())

    def assert_nothing_lost(self) -> None:
        assert not self.ledger.failures, self.ledger.failures[:5]
        assert self.lost == 0, "the history lacks answered forecasts"
        assert self.duplicated == 0
        assert self.changed == 0
        assert self.unrequested <= self.ledger.cut_forecasts, "the history contains forecasts that were never requested"
        assert self.dead == self.report.dead
        assert self.mixed == 0, "a model was served with ratings of another version"
        assert self.report.swaps >= SWAPS


def counted(kinds: dict[str, int]) -> str:
    parts = ", ".join(f"{name} {count}" for name, count in sorted(kinds.items()))
    return f"{sum(kinds.values())} ({parts})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--kills", type=int, default=8)
    chosen = parser.parse_args()
    outcome = asyncio.run(run(seed=chosen_seed(), seconds=chosen.seconds, kills=chosen.kills))
    print(outcome.table())
    outcome.assert_nothing_lost()
