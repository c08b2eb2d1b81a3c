"""What is counted while serving: requests and forecasts."""

from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, Histogram, ProcessCollector

UNMATCHED = "unmatched"
"""Route of every path that is none of ours: what a stranger asks for must not become a label."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))


class Counts:
    """Counts of one application. Each combination of labels is bound once: looking it up costs more than counting.

    Attributes:
        registry: Holds them, and what the process itself uses.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Histogram(
            "cs2_http_request_seconds",
            "Requests by route and status, and how long they took; status 0: the client left first.",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._forecasts = Histogram(
            "cs2_forecast_probability",
            "Forecasts that were answered, by team 1's probability; how many there were is its count.",
            ("kind", "map"),
            buckets=TENTHS,
            registry=self.registry,
        )
        self._bound_requests: dict[tuple[str, str, int], Any] = {}
        self._bound_forecasts: dict[str | None, Any] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: As it was sent; one that HTTP does not know is counted as ``other``.
            route: Template of the path, or ``UNMATCHED``.
            status: What was answered, 0 for nothing.
            seconds: How long it took.
        """
        child = self._bound_requests.get((method, route, status))
        if child is None:
            known = method if method in METHODS else "other"
            child = self._requests.labels(known, route, str(status))
            if known == method:  # made-up methods must not fill the memory
                self._bound_requests[method, route, status] = child
        child.observe(seconds)

    def forecast(self, map_name: str | None, probability: float) -> None:
        """Count a forecast: of a map, or where none is named of a series."""
        child = self._bound_forecasts.get(map_name)
        if child is None:
            kind = "series" if map_name is None else "map"
            child = self._bound_forecasts[map_name] = self._forecasts.labels(kind, map_name or "")
        child.observe(probability)
