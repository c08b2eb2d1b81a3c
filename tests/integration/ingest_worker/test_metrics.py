"""Metrics of the sink, and its log of dead letters."""

import json
import urllib.request

import pytest
import redis.asyncio
from prometheus_client.parser import text_string_to_metric_families

from cli.stack.servers import free_port
from cs2.logs import configure_logs
from cs2.messages import EVENT_FIELD, EVENTS_STREAM
from cs2.mongo_client import MongoClient
from ingest_worker.consumer import Consumer
from ingest_worker.metrics import SinkMetrics
from ingest_worker.store import MongoForecastStore
from tests.testkit.sink import add_events, forecast_event


def scraped(port: int) -> dict[str, float]:
    """Return the samples without labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {one.name: one.value for family in families for one in family.samples if not one.labels}


async def test_batches_lag_and_dead_letters_are_counted(
    stream: redis.asyncio.Redis, mongo_url: str, mongo_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs()
    metrics, port = SinkMetrics(), free_port()
    stop = metrics.serve("127.0.0.1", port)
    store = MongoForecastStore(MongoClient, mongo_url, mongo_database)
    consumer = Consumer(stream, store, "tester", metrics)
    await consumer.prepare()
    late = forecast_event(occurred_at="2026-01-01T00:00:00+00:00")
    await add_events(stream, [forecast_event(), late, forecast_event(latency_ms=-1, request_id="who-asked")])
    await stream.xadd(EVENTS_STREAM, {EVENT_FIELD: forecast_event(latency_ms=-1, request_id="\x1b[31m")})
    try:
        await consumer.step()
        samples = scraped(port)
    finally:
        stop()
        await store.close()
    assert samples["cs2_sink_batch_events_count"] == 1
    assert samples["cs2_sink_batch_events_sum"] == samples["cs2_sink_lag_seconds_count"] == 2
    assert samples["cs2_sink_lag_seconds_sum"] > 3600
    assert samples["cs2_sink_dead_letters_total"] == 2
    assert samples["cs2_sink_last_turn_timestamp_seconds"] > 0
    with pytest.raises(OSError, match="refused"):
        scraped(port)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "event_dead" in line]
    assert [line.get("request_id") for line in lines] == ["who-asked", None], "only valid request ids are logged"
