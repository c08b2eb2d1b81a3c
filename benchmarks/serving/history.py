"""Measure the path from the answer to MongoDB: the delay, and the events a second of one sink and two."""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import httpx
import numpy as np
import pymongo
from redis import Redis
from rich.table import Table

from benchmarks.serving import testbed
from benchmarks.serving.beside import FORECAST, load_fresh
from cs2.messages import EVENTS_GROUP, EVENTS_STREAM, FORECASTS_COLLECTION, parse_entry

N_LAGS = 200
N_EVENTS = 20_000


def sinks(bench: testbed.Testbed) -> list[Table]:
    """Measure the delay of single forecasts, and the rate at which sinks empty a full stream."""
    table = Table("history", "", box=None)
    with bench.api() as api:
        with _sink(bench) as sink:
            lags = _lags(bench, api) * 1000
            lag = f"median {np.median(lags):.1f} ms, 99%: {np.quantile(lags, 0.99):.1f} ms"
            table.add_row(f"from answer to MongoDB, {N_LAGS} forecasts one by one", lag)
            table.add_row("memory of a sink", f"{sink.megabytes():.0f} MB")
        bench.delete_events()
        entries = _filled_stream(bench, api)
    for number in (1, 2):
        rates = sorted(_rate(bench, entries, number) for _ in range(3))
        table.add_row(f"{number} sink{'s' * (number - 1)}: events a second", f"{rates[1]:,.0f}")
    return [table]


def _sink(bench: testbed.Testbed) -> Any:
    variables = testbed.environment(bench.data.settings, bench.data_dir)
    command = [sys.executable, "-m", "ingest_worker"]
    return testbed.running(command, "", ready="", core=bench.core, log=bench.folder / "sink.log", **variables)


def _lags(bench: testbed.Testbed, api: testbed.ServerProcess) -> np.ndarray:
    """Return the seconds from each answer until its document can be read, shape (n,)."""
    delays = []
    headers = {"authorization": f"Bearer {testbed.token()}"}
    with pymongo.MongoClient(bench.data.settings.mongo_url) as mongo, httpx.Client(base_url=api.url) as client:
        forecasts = mongo["cs2"][FORECASTS_COLLECTION]
        for number in range(N_LAGS + 10):
            request = bench.data.requests[number % len(bench.data.requests)]
            answer = client.post(FORECAST, json=request, headers=headers)
            answered = time.perf_counter()
            while forecasts.find_one({"_id": answer.json()["forecast_id"]}, {"_id": 1}) is None:
                time.sleep(0.0005)
            delays.append(time.perf_counter() - answered)
    return np.array(delays[10:])  # the first ones include the start of the sink


def _filled_stream(bench: testbed.Testbed, api: testbed.ServerProcess) -> Sequence[Any]:
    """Return entries as the API writes them under load."""
    with Redis.from_url(bench.data.settings.redis_url) as redis:
        while True:
            load_fresh(bench, api, FORECAST, bench.requests)
            entries: Any = redis.xrange(EVENTS_STREAM)
            selected, n = [], 0
            for _, fields in entries:
                selected.append(fields)
                n += len(parse_entry(fields))
                if n >= N_EVENTS:
                    return selected
            if n >= N_EVENTS // 4:
                return selected


def _rate(bench: testbed.Testbed, entries: Sequence[Any], n_sinks: int) -> float:
    """Return the events a second, from the first document to the last."""
    n = sum(len(parse_entry(fields)) for fields in entries)
    settings = bench.data.settings
    with pymongo.MongoClient(settings.mongo_url) as mongo, Redis.from_url(settings.redis_url) as redis:
        mongo.drop_database("cs2")
        redis.delete(EVENTS_STREAM)
        redis.xgroup_create(EVENTS_STREAM, EVENTS_GROUP, id="0", mkstream=True)
        forecasts = mongo["cs2"][FORECASTS_COLLECTION]
        with ExitStack() as stack:
            for _ in range(n_sinks):
                stack.enter_context(_sink(bench))
            while len(list(redis.scan_iter(match="forecast_results:alive:*"))) < n_sinks:
                time.sleep(0.05)
            pipeline = redis.pipeline(transaction=True)
            for fields in entries:
                pipeline.xadd(EVENTS_STREAM, fields)
            began = time.perf_counter()
            pipeline.execute()
            while redis.xpending(EVENTS_STREAM, EVENTS_GROUP)["pending"] or _unread(redis):
                time.sleep(0.02)
            seconds = time.perf_counter() - began
        for key in redis.scan_iter(match="forecast_results:alive:*"):
            redis.delete(key)
        if forecasts.count_documents({}) != n:
            raise RuntimeError(f"{forecasts.count_documents({})} of {n} events are stored")
    return n / seconds


def _unread(redis: Any) -> bool:
    (group,) = redis.xinfo_groups(EVENTS_STREAM)
    newest = redis.xinfo_stream(EVENTS_STREAM)["last-generated-id"]
    return bool(group["last-delivered-id"] != newest)
