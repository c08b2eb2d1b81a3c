"""``GET /metrics``: without a token, for an internal network (docs/operations.md)."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from serving.dependencies import ServicesDep
from serving.metrics.state import state_of, stream_lengths

router = APIRouter()


class _Page(CollectorRegistry):
    """Families of one moment, as the text format wants to have them."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """The families."""
        return iter(self._families)


@router.get("/metrics", include_in_schema=False)
async def metrics(services: ServicesDep) -> Response:
    """Everything that is counted and known, in Prometheus' text format."""
    lengths = await stream_lengths(services.redis)
    page = _Page([*services.counts.registry.collect(), *state_of(services, lengths)])
    return Response(generate_latest(page), headers={"content-type": CONTENT_TYPE_LATEST})
