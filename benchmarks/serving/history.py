"""From the answer to MongoDB: how long it takes, and how many events a second one sink and two store."""

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

from benchmarks.serving import plant
from benchmarks.serving.beside import FORECAST, fresh
from cs2.messages import EVENTS_GROUP, EVENTS_STREAM, FORECASTS_COLLECTION, parse_entry

N_LAGS = 200
N_EVENTS = 20_000


def sinks(site: plant.Site) -> list[Table]:
    """The lag of single forecasts, and the rate at which a full stream is emptied."""
    table = Table("history", "", box=None)
    with site.api() as api:
        with _sink(site) as sink:
            lags = _lags(site, api) * 1000
            lag = f"median {np.median(lags):.1f} ms, 99%: {np.quantile(lags, 0.99):.1f} ms"
            table.add_row(f"from answer to MongoDB, {N_LAGS} forecasts one by one", lag)
            table.add_row("memory of a sink", f"{sink.megabytes():.0f} MB")
        site.forget_events()
        entries = _filled_stream(site, api)
    for number in (1, 2):
        rates = sorted(_rate(site, entries, number) for _ in range(3))
        table.add_row(f"{number} sink{'s' * (number - 1)}: events a second", f"{rates[1]:,.0f}")
    return [table]


def _sink(site: plant.Site) -> Any:
    told = plant.environment(site.served.settings, site.data)
    command = [sys.executable, "-m", "ingest_worker"]
    return plant.running(command, "", ready="", core=site.core, log=site.folder / "sink.log", **told)


def _lags(site: plant.Site, api: plant.Child) -> np.ndarray:
    """Seconds from each answer until its document can be read, shape (n,)."""
    found = []
    headers = {"authorization": f"Bearer {plant.token()}"}
    with pymongo.MongoClient(site.served.settings.mongo_url) as mongo, httpx.Client(base_url=api.url) as client:
        forecasts = mongo["cs2"][FORECASTS_COLLECTION]
        for number in range(N_LAGS + 10):
            question = site.served.questions[number % len(site.served.questions)]
            answer = client.post(FORECAST, json=question, headers=headers)
            answered = time.perf_counter()
            while forecasts.find_one({"_id": answer.json()["forecast_id"]}, {"_id": 1}) is None:
                time.sleep(0.0005)
            found.append(time.perf_counter() - answered)
    return np.array(found[10:])  # the first ones wait for the sink's start


def _filled_stream(site: plant.Site, api: plant.Child) -> Sequence[Any]:
    """Entries as the API writes them under load."""
    with Redis.from_url(site.served.settings.redis_url) as redis:
        while True:
            fresh(site, api, FORECAST, site.questions)
            entries: Any = redis.xrange(EVENTS_STREAM)
            kept, n = [], 0
            for _, fields in entries:
                kept.append(fields)
                n += len(parse_entry(fields))
                if n >= N_EVENTS:
                    return kept
            if n >= N_EVENTS // 4:
                return kept


def _rate(site: plant.Site, entries: Sequence[Any], n_sinks: int) -> float:
    """Events a second, from the first document to the last."""
    n = sum(len(parse_entry(fields)) for fields in entries)
    settings = site.served.settings
    with pymongo.MongoClient(settings.mongo_url) as mongo, Redis.from_url(settings.redis_url) as redis:
        mongo.drop_database("cs2")
        redis.delete(EVENTS_STREAM)
        redis.xgroup_create(EVENTS_STREAM, EVENTS_GROUP, id="0", mkstream=True)
        forecasts = mongo["cs2"][FORECASTS_COLLECTION]
        with ExitStack() as stack:
            for _ in range(n_sinks):
                stack.enter_context(_sink(site))
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
