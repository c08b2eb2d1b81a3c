"""Run a plan of faults: ``python -m tests.system.faults.running --seconds 600`` (``make faults``)."""

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
from tests.system.faults.load import Ledger, Load
from tests.system.faults.plan import DOWN_SECONDS, RECOVERY_SECONDS, Faults, Report
from tests.system.faults.plant import Plant, Process
from tests.system.faults.publishing import Publisher, bad_models
from tests.testkit.toy_league import make_league

SEED = "CS2_FAULTS_SEED"
SWAPS = 100


def chosen_seed() -> int:
    return int(os.environ.get(SEED) or secrets.randbelow(10**6))


async def run(*, seed: int, seconds: float, kills: int) -> "Outcome":
    """Rounds of faults for ``seconds``, one at least, and the judgement.

    Args:
        seed: Of everything that is left to chance.
        seconds: No new round starts after so long.
        kills: At random moments, in each round, beside those while a server is away.
    """
    print(f"{SEED}={seed}", flush=True)
    chance, plant = random.Random(seed), Plant()
    try:
        await asyncio.to_thread(plant.start_servers)
        league = make_league(plant.settings.database_url)
        settings = plant.settings
        publisher = Publisher(settings.database_url, settings.mlflow_url, settings.redis_url, league)
        await asyncio.to_thread(publisher.publish, 0)
        await asyncio.to_thread(plant.start_parts)
        account = {"username": "ada", "password": "correct horse battery"}
        token = log_in(plant.url(plant.apis[0]), account)
        load = Load(plant, league.question(), token)
        faults = Faults(plant, load, publisher, chance, Report(seed), account)
        publishing = publishing_run(plant, json.dumps(asdict(league)))
        try:
            async with load:
                await rounds(faults, publishing, seconds, kills)
            await faults.drained()
            return await asyncio.to_thread(Outcome, faults)
        finally:
            publishing.end()
            await faults.close()
    finally:
        plant.stop()


def log_in(url: str, account: dict[str, str]) -> str:
    httpx.post(f"{url}/auth/register", json=account).raise_for_status()
    answer = httpx.post(f"{url}/auth/login", data=account)
    return str(answer.raise_for_status().json()["access_token"])


def publishing_run(plant: Plant, league: str) -> Process:
    command = [sys.executable, "-m", "tests.system.faults.publishing", league, "1000"]
    log = plant.folder / "publishing.log"
    return Process("publishing run", command, lambda: None, log, environment=plant.environment)


async def rounds(faults: Faults, publishing: Process, seconds: float, kills: int) -> None:
    plant, chance, report = faults.plant, faults.chance, faults.report
    while True:
        began = time.monotonic()
        steps: list[Any] = [faults.redis_away, faults.mongo_away, faults.postgres_away, faults.mlflow_away]
        steps += [faults.disk_full, faults.forge]
        chance.shuffle(steps)
        for step in steps:
            say(report, step.__name__)
            await step()
        say(report, "bad models")
        for reason, changes in bad_models().items():
            await faults.bad_model(reason, changes)
        await faults.swap()
        say(report, "kills")
        victims = [*plant.apis, *plant.sinks, publishing]
        for number in range(kills):
            victim = victims[number % len(victims)]
            await asyncio.sleep(chance.uniform(0.0, 1.0))
            if victim is publishing:
                await faults.run_killed(victim)
            else:
                await faults.restart(victim, f"{victim.name} was killed")
        if report.swaps < SWAPS:
            say(report, "swaps")
            for _ in range(SWAPS):
                await faults.swap()
        took = time.monotonic() - began
        if time.monotonic() - report.started + took > seconds:
            return


def say(report: Report, what: str) -> None:
    print(f"  {time.monotonic() - report.started:5.0f} s  {what}", flush=True)


class Outcome:
    """What the history holds beside what was answered."""

    def __init__(self, faults: Faults) -> None:
        self.report: Report = faults.report
        self.ledger: Ledger = faults.load.ledger
        self.seconds = time.monotonic() - self.report.started
        self.stored = self.doubled = self.changed = self.unasked = 0
        found: set[str] = set()
        versions: defaultdict[tuple[int, int], set[float]] = defaultdict(set)
        for document in faults.forecasts.find():
            self.stored += 1
            identity = document["response"]["forecast_id"]
            self.doubled += identity in found
            found.add(identity)
            answer = self.ledger.answers.get(identity)
            self.unasked += answer is None
            self.changed += answer is not None and (answer != document["response"] or identity != document["_id"])
            if document["kind"] == "map":  # one question: one model with one set of ratings has one answer
                bundle = document["model_version"], document["snapshot_id"]
                versions[bundle].add(document["response"]["team1_win_probability"])
        self.lost = len(self.ledger.answers.keys() - found)
        self.dead = faults.redis.xlen(DEAD_EVENTS_STREAM)
        self.mixed = sum(len(answers) != 1 for answers in versions.values())

    def table(self) -> str:
        """As printed, and as kept in docs/reliability.md."""
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
            "  doubled": self.doubled,
            "  stored otherwise than answered": self.changed,
            "stored without a received answer": f"{self.unasked} (at most {ledger.cut_forecasts})",
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
        assert self.lost == 0, "answered and not in the history"
        assert self.doubled == 0
        assert self.changed == 0
        assert self.unasked <= self.ledger.cut_forecasts, "stored, and nobody asked"
        assert self.dead == self.report.dead
        assert self.mixed == 0, "a model answered with ratings of another moment"
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
