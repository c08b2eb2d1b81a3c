"""Prometheus histograms of requests and forecasts."""

from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, Histogram, ProcessCollector

UNMATCHED = "unmatched"
"""Route of every unknown path: paths that clients make up must not become labels."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))


class Counts:
    """Counts of one application. Each combination of labels is bound once, because a look-up costs more than a count.

    Attributes:
        registry: Holds the counts, and the resource usage of the process.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Histogram(
            "cs2_http_request_seconds",
            "Duration of requests by route and status; status 0: the client disconnected before the answer.",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._forecasts = Histogram(
            "cs2_forecast_probability",
            "Answered forecasts by the win probability of team 1.",
            ("kind", "map"),
            buckets=TENTHS,
            registry=self.registry,
        )
        self._bound_requests: dict[tuple[str, str, int], Any] = {}
        self._bound_forecasts: dict[str | None, Any] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: Method of the request; one that HTTP does not define is counted as ``other``.
            route: Template of the path, or ``UNMATCHED``.
            status: Status of the answer; 0 if the client disconnected before it.
            seconds: Duration.
        """
        child = self._bound_requests.get((method, route, status))
        if child is None:
            label = method if method in METHODS else "other"
            child = self._requests.labels(label, route, str(status))
            if label == method:  # methods that clients make up must not fill the memory
                self._bound_requests[method, route, status] = child
        child.observe(seconds)

    def forecast(self, map_name: str | None, probability: float) -> None:
        """Count a forecast of a map, or of a series if ``map_name`` is None."""
        child = self._bound_forecasts.get(map_name)
        if child is None:
            kind = "series" if map_name is None else "map"
            child = self._bound_forecasts[map_name] = self._forecasts.labels(kind, map_name or "")
        child.observe(probability)
