"""``GET /metrics``: needs no token, so expose it on an internal network only (docs/operations.md)."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from serving.dependencies import ServicesDep
from serving.metrics.state import state_metrics, stream_lengths

router = APIRouter()


class _FixedRegistry(CollectorRegistry):
    """Registry of metrics that are already collected, for ``generate_latest``."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Return the metrics."""
        return iter(self._metrics)


@router.get("/metrics", include_in_schema=False)
async def metrics(services: ServicesDep) -> Response:
    """Show counts and state in the text format of Prometheus."""
    lengths = await stream_lengths(services.redis)
    registry = _FixedRegistry([*services.counts.registry.collect(), *state_metrics(services, lengths)])
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})
