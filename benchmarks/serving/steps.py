"""What each step of a forecast costs, measured alone on the core of the server, beside a whole request."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
from redis.asyncio import Redis
from rich.table import Table

from benchmarks.serving import plant
from benchmarks.serving.beside import FORECAST, WARM_SECONDS, fresh
from benchmarks.serving.load import in_turn, load
from cs2.forecasting.model.forecast import forecast
from cs2.messages import EVENTS_FIELD, EVENTS_STREAM, ForecastRequest
from serving.auth.tokens import Tokens
from serving.forecast.disk_cache import FOLDER, DiskCache
from serving.forecast.event_publisher import WRITE
from serving.forecast.predict import answer_maps, require_model
from serving.forecast.resolve import fixtures, map_question
from serving.forecast.service import ForecastService

GROUP = 16
"""About so many requests of 32 connections are in flight when a group is taken."""
ROUNDS = 7


def shares(site: plant.Site) -> list[Table]:
    """Microseconds of processor time of each step, and what is left for server and framework."""
    with site.api() as api:
        load(api, FORECAST, site.questions, seconds=WARM_SECONDS)
        (whole,) = in_turn([lambda: fresh(site, api, FORECAST, site.questions)])
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {site.core})
    try:
        found = asyncio.run(_steps(site))
    finally:
        os.sched_setaffinity(0, own)
    found["HTTP server, event loop, waiting tasks"] = whole.cpu_us - sum(found.values())
    table = Table("step", "CPU µs a request", "share", box=None)
    for name, cost in found.items():
        table.add_row(name, f"{cost:.1f}", f"{cost / whole.cpu_us:.0%}")
    table.add_row("a whole request", f"{whole.cpu_us:.1f}", "")
    return [table]


async def _steps(site: plant.Site) -> dict[str, float]:
    snapshot = DiskCache(site.data / FOLDER).load()
    assert snapshot is not None
    assert site.served.settings.clock_date is not None
    today, (model, ratings) = site.served.settings.clock_date, require_model(snapshot)
    bodies = [orjson.dumps(question) for question in site.served.questions]
    tokens, token = Tokens(plant.KEY, 60), plant.token()
    requests = [ForecastRequest.model_validate_json(body) for body in bodies]
    questions = [map_question(snapshot, ratings, request, today) for request in requests]
    groups = [questions[start : start + GROUP] for start in range(0, len(questions) - GROUP + 1, GROUP)]
    n = len(questions)
    answers = answer_maps(snapshot, questions)
    nobody: Any = None
    desk = ForecastService(
        snapshot=snapshot,
        events=nobody,
        forecaster=nobody,
        counts=nobody,
        user_id=1,
        today=today,
        started=time.perf_counter(),
        request_id=uuid4().hex,
    )
    events = [desk.event(request, found) for request, found in zip(requests, answers, strict=True)]
    in_groups = [b"\n".join(events[start : start + GROUP]) for start in range(0, n - GROUP + 1, GROUP)]
    n_grouped = len(groups) * GROUP
    compute = _cost(lambda: [forecast(model.predictor, ratings.snapshot, fixtures(g)) for g in groups], n_grouped)
    alone = _cost(lambda: [forecast(model.predictor, ratings.snapshot, fixtures([q])) for q in questions[:200]], 200)
    whole = _cost(lambda: [answer_maps(snapshot, group) for group in groups], n_grouped)
    return {
        "token check": _cost(lambda: [tokens.user_of(token) for _ in range(n)], n),
        "validation": _cost(lambda: [ForecastRequest.model_validate_json(body) for body in bodies], n),
        "question: names, ids, lineups": _cost(
            lambda: [map_question(snapshot, ratings, request, today) for request in requests], n
        ),
        f"features and model, {GROUP} at once (alone: {alone:.0f})": compute,
        "answer": whole - compute,
        "event": _cost(lambda: [desk.event(r, a) for r, a in zip(requests, answers, strict=True)], n),
        f"write to Redis, {GROUP} at once": await _write_cost(site, in_groups, n_grouped),
    }


async def _write_cost(site: plant.Site, payloads: list[bytes], n: int) -> float:
    costs = []
    async with Redis.from_url(site.served.settings.redis_url) as redis:
        write = redis.register_script(WRITE)
        for _ in range(ROUNDS):
            began = time.process_time()
            for payload in payloads:
                await write(keys=[EVENTS_STREAM], args=[EVENTS_FIELD, payload])
            costs.append((time.process_time() - began) / n * 1e6)
    site.forget_events()
    return statistics.median(costs)


def _cost(run: Callable[[], object], n: int) -> float:
    """Median of several runs, in microseconds of processor time for each of ``n``."""
    costs = []
    for _ in range(ROUNDS):
        began = time.process_time()
        run()
        costs.append((time.process_time() - began) / n * 1e6)
    return statistics.median(costs)
