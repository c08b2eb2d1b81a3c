"""A steady load on both APIs, and a ledger of their answers."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.system.faults.testbed import Process, Testbed

TASKS_PER_API = 3
BATCH = 5
FORECAST = "/forecast/get_team1_win_probability"


@dataclass(slots=True)
class Ledger:
    """Requests and their answers.

    Attributes:
        answers: Each answered forecast, by its id.
        counts: Requests by outcome: answered, refused (the API was down), cut (the API died meanwhile), full (503 while
            its fallback file could not grow), failed.
        cut_forecasts: Number of forecasts in the requests that were cut.
        failures: Reasons of failures that the design rules out.
        may_be_full: Names of the APIs whose fallback file cannot grow: they may refuse requests.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    cut_forecasts: int = 0
    failures: list[str] = field(default_factory=list)
    may_be_full: set[str] = field(default_factory=set)

    def record(self, answer: dict[str, Any]) -> None:
        identity = answer["forecast_id"]
        if identity in self.answers:
            self.failures.append(f"{identity} was answered twice")
        self.answers[identity] = answer

    def fail(self, reason: str) -> None:
        self.counts["failed"] += 1
        self.failures.append(reason)


class Load:
    """Clients that request maps, and sometimes a batch, a series or a dictionary, until stopped."""

    def __init__(self, testbed: Testbed, question: dict[str, Any], token: str, *, pause_seconds: float) -> None:
        self.testbed, self.question, self.ledger = testbed, question, Ledger()
        self._pause_seconds = pause_seconds
        self._headers = {"Authorization": f"Bearer {token}"}
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Load":
        for api in self.testbed.apis:
            self._tasks += [asyncio.create_task(self._send_requests(api)) for _ in range(TASKS_PER_API)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)  # an error in a task fails the test

    async def _send_requests(self, api: Process) -> None:
        base = self.testbed.url(api)
        async with httpx.AsyncClient(base_url=base, headers=self._headers, timeout=30) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                await self._request(client, api, number)
                await asyncio.sleep(self._pause_seconds)

    async def _request(self, client: httpx.AsyncClient, api: Process, number: int) -> None:
        method, path, body, forecasts = self._next_request(number)
        era, started = api.era, time.monotonic()
        try:
            response = await client.request(method, path, json=body)
        except httpx.ConnectError:
            self._record_loss("refused", api, era, f"{api.name} refused a connection")
        except httpx.TransportError as error:
            self.ledger.cut_forecasts += forecasts
            seconds = time.monotonic() - started
            self._record_loss("cut", api, era, f"{api.name} {path}: {type(error).__name__} after {seconds:.1f} s")
        else:
            self._record(response, api, path)

    def _next_request(self, number: int) -> tuple[str, str, Any, int]:
        if number % 20 == 0:
            return "GET", "/maps", None, 0
        if number % 20 == 5:
            return "POST", "/forecast/batch", {"forecasts": [self.question] * BATCH}, BATCH
        if number % 20 == 10:
            sides = {key: self.question[key] for key in ("team1_id", "team2_id")}
            return "POST", "/forecast/series", {**sides, "best_of": 3}, 1
        return "POST", FORECAST, self.question, 1

    def _record_loss(self, kind: str, api: Process, era: int | None, reason: str) -> None:
        """Count a request without an answer; it is a failure unless the API died meanwhile."""
        if era is not None and api.era == era:
            self.ledger.fail(reason)
        else:
            self.ledger.counts[kind] += 1

    def _record(self, response: httpx.Response, api: Process, path: str) -> None:
        is_full = api.name in self.ledger.may_be_full
        if response.status_code == 503 and is_full:
            self.ledger.counts["full"] += 1
            return
        if response.status_code != 200:
            self.ledger.fail(f"{api.name} {path}: {response.status_code} {response.text[:200]}")
            return
        self.ledger.counts["answered"] += 1
        answer = response.json()
        if "results" in answer:
            for item in answer["results"]:
                if item["forecast"] is not None:
                    self.ledger.record(item["forecast"])
                elif not is_full:
                    self.ledger.fail(f"{api.name} batch: {item['problem']}")
        elif "forecast_id" in answer:
            self.ledger.record(answer)
