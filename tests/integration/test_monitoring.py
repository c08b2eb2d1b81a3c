"""Dashboard, alert rules and scrape configuration name metrics that the API and the sink export."""

import json
import re
from typing import Any

import pytest
import redis.asyncio
import yaml
from prometheus_client.parser import text_string_to_metric_families

from cs2.messages import EVENT_FIELD, EVENTS_STREAM
from cs2.mongo_client import MongoClient
from cs2.settings import Settings
from ingest_worker.consumer import Consumer
from ingest_worker.metrics import SinkMetrics
from ingest_worker.store import MongoForecastStore
from tests.testkit.images import ROOT
from tests.testkit.published_models import Models
from tests.testkit.service import Running

MONITORING = ROOT / "monitoring"
ALERTS: list[dict[str, Any]] = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboards" / "cs2-forecast.json").read_text())
EXPRESSIONS = [alert["expr"] for alert in ALERTS] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]
SELECTOR = re.compile(r"\b((?:cs2|process|python)_\w+|up)\b(?:\{([^}]*)\})?")
OF_PROMETHEUS = {"up"}


def used_metrics() -> dict[str, set[str]]:
    """Return the metrics of all expressions, each with the labels that select it."""
    labels_by_metric: dict[str, set[str]] = {}
    for expression in EXPRESSIONS:
        for name, labels in SELECTOR.findall(expression):
            labels_by_metric.setdefault(name, set()).update(re.findall(r"(\w+)(?:=|!)", labels))
    return labels_by_metric


async def exported_metrics(running: Running, models: Models, settings: Settings) -> dict[str, set[str]]:
    """Return the metrics that API and sink export after a forecast and a dead letter, each with its labels."""
    models.publish()
    metrics = SinkMetrics()
    async with running() as service, redis.asyncio.Redis.from_url(settings.redis_url, socket_timeout=10) as client:
        await service.forecast()
        await client.xadd(EVENTS_STREAM, {EVENT_FIELD: b"{"})
        store = MongoForecastStore(MongoClient, settings.mongo_url, settings.mongo_database)
        consumer = Consumer(client, store, "tester", metrics)
        await consumer.prepare()
        await consumer.step()
        await store.close()
        text = (await service.client.get("/metrics")).text + metrics.text()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {one.name: set(one.labels) for one in samples}


async def test_every_metric_of_dashboard_and_rules_is_exported(
    running: Running, models: Models, settings: Settings
) -> None:
    exported, used = await exported_metrics(running, models, settings), used_metrics()
    assert len(used) > 20
    assert set(used) - set(exported) == OF_PROMETHEUS
    for name, labels in used.items():
        assert labels <= exported.get(name, {"job"}), name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_has_a_summary_and_a_runbook_section(alert: dict[str, Any]) -> None:
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["labels"]["severity"] in {"warning", "critical"}
    path, _, heading = alert["annotations"]["runbook_url"].partition("#")
    text = (ROOT / path).read_text()
    section = text.partition("## What each alarm means\n")[2].partition("\n## ")[0]
    paragraphs = dict(re.findall(r"### (\w+)\n\n(.+)", section))
    assert heading == alert["alert"].lower()
    assert len(paragraphs[alert["alert"]]) > 80


def test_every_documented_alert_exists() -> None:
    section = (ROOT / "docs" / "operations.md").read_text().partition("## What each alarm means\n")[2]
    assert re.findall(r"### (\w+)", section.partition("\n## ")[0]) == [alert["alert"] for alert in ALERTS]


def test_prometheus_scrapes_the_deployed_services() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
    targets = {job["job_name"]: job["dns_sd_configs"][0] for job in jobs}
    assert set(targets["api"]["names"]) | set(targets["sink"]["names"]) <= set(compose)
    assert targets["api"]["port"] == 8000
    assert str(targets["sink"]["port"]) == compose["sink"]["environment"]["CS2_SINK_METRICS_PORT"]
    jobs_named = {job for expression in EXPRESSIONS for job in re.findall(r'job="(\w+)"', expression)}
    assert jobs_named <= set(targets)
