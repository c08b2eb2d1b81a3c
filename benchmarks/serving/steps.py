"""Measure each step of a forecast alone, on the core of the API, and compare it with a whole request."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import orjson
from redis.asyncio import Redis
from rich.table import Table

from benchmarks.serving import testbed
from benchmarks.serving.beside import FORECAST, WARM_SECONDS, load_fresh
from benchmarks.serving.load import in_turn, load
from cs2.forecasting.model.forecast import forecast
from cs2.messages import EVENTS_FIELD, EVENTS_STREAM, ForecastRequest
from serving.auth.tokens import Tokens
from serving.forecast.disk_cache import FOLDER, DiskCache
from serving.forecast.event_publisher import WRITE
from serving.forecast.predict import match_questions, predict_maps
from serving.forecast.resolve import ResolvedRequest, resolve
from serving.forecast.service import ForecastService

GROUP = 16
"""Typical size of a group under the load of 32 connections."""
ROUNDS = 7


def shares(bench: testbed.Testbed) -> list[Table]:
    """Return the processor time of each step; the rest is that of server and framework."""
    with bench.api() as api:
        load(api, FORECAST, bench.requests, seconds=WARM_SECONDS)
        (whole,) = in_turn([lambda: load_fresh(bench, api, FORECAST, bench.requests)])
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {bench.core})
    try:
        costs = asyncio.run(_steps(bench))
    finally:
        os.sched_setaffinity(0, own)
    costs["HTTP server, event loop, waiting tasks"] = whole.cpu_us - sum(costs.values())
    table = Table("step", "CPU µs a request", "share", box=None)
    for name, cost in costs.items():
        table.add_row(name, f"{cost:.1f}", f"{cost / whole.cpu_us:.0%}")
    table.add_row("a whole request", f"{whole.cpu_us:.1f}", "")
    return [table]


async def _steps(bench: testbed.Testbed) -> dict[str, float]:
    snapshot, today = DiskCache(bench.data_dir / FOLDER).load(), bench.data.settings.clock_date
    assert snapshot is not None
    assert today is not None
    model, ratings = snapshot.require_served()
    bodies = [orjson.dumps(request) for request in bench.data.requests]
    tokens, token = Tokens(testbed.KEY, 60), testbed.token()
    requests = [ForecastRequest.model_validate_json(body) for body in bodies]
    resolved = [resolve(request, snapshot, today) for request in requests]
    n = len(resolved)
    starts = range(0, n - GROUP + 1, GROUP)
    groups = [resolved[start : start + GROUP] for start in starts]
    n_grouped = len(groups) * GROUP
    forecasts = predict_maps(resolved)
    unused: Any = None
    service = ForecastService(
        snapshot=snapshot,
        predictor=unused,
        events=unused,
        counts=unused,
        user_id=1,
        today=today,
        started=time.perf_counter(),
        request_id=uuid4().hex,
    )
    pairs = list(zip(resolved, forecasts, strict=True))
    events = [service.event_of(request, forecast) for request, forecast in pairs]
    payloads = [b"\n".join(events[start : start + GROUP]) for start in starts]

    def compute(group: Sequence[ResolvedRequest]) -> object:
        return forecast(model.predictor, ratings.snapshot, match_questions(group))

    grouped = _cost(lambda: [compute(group) for group in groups], n_grouped)
    alone = _cost(lambda: [compute([request]) for request in resolved[:200]], 200)
    whole = _cost(lambda: [predict_maps(group) for group in groups], n_grouped)
    return {
        "token check": _cost(lambda: [tokens.user_of(token) for _ in range(n)], n),
        "validation": _cost(lambda: [ForecastRequest.model_validate_json(body) for body in bodies], n),
        "resolve: names, ids, lineups": _cost(lambda: [resolve(request, snapshot, today) for request in requests], n),
        f"features and model, {GROUP} at once (alone: {alone:.0f})": grouped,
        "answer": whole - grouped,
        "event": _cost(lambda: [service.event_of(*pair) for pair in pairs], n),
        f"write to Redis, {GROUP} at once": await _write_cost(bench, payloads, n_grouped),
    }


async def _write_cost(bench: testbed.Testbed, payloads: list[bytes], n: int) -> float:
    costs = []
    async with Redis.from_url(bench.data.settings.redis_url) as redis:
        write = redis.register_script(WRITE)
        for _ in range(ROUNDS):
            began = time.process_time()
            for payload in payloads:
                await write(keys=[EVENTS_STREAM], args=[EVENTS_FIELD, payload])
            costs.append((time.process_time() - began) / n * 1e6)
    bench.delete_events()
    return statistics.median(costs)


def _cost(run: Callable[[], object], n: int) -> float:
    """Return the median processor time of several runs, in microseconds for each of ``n``."""
    costs = []
    for _ in range(ROUNDS):
        began = time.process_time()
        run()
        costs.append((time.process_time() - began) / n * 1e6)
    return statistics.median(costs)
