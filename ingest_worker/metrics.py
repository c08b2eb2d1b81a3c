"""Prometheus metrics of the sink, on their own port; they need no token, so expose it on an internal network only."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client import start_http_server as start_server

LAG_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
BATCH_EVENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class SinkMetrics:
    """Metrics of one consumer."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self.batch_events = Histogram(
            "cs2_sink_batch_events",
            "Documents in each batch written to MongoDB.",
            buckets=BATCH_EVENTS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "cs2_sink_batch_seconds", "Time from reading a batch to its acknowledgement.", registry=registry
        )
        self.dead = Counter("cs2_sink_dead_letters", "Events that can never be stored.", registry=registry)
        self.claimed = Counter(
            "cs2_sink_claimed", "Entries claimed from a consumer that left them unacknowledged.", registry=registry
        )
        self.failures = Counter(
            "cs2_sink_failures", "Batches that failed because Redis or MongoDB did not answer.", registry=registry
        )
        self.last_turn = Gauge(
            "cs2_sink_last_turn_timestamp_seconds", "Time of the last successful batch.", registry=registry
        )
        self._lag = Histogram(
            "cs2_sink_lag_seconds",
            "Time from the answer of a forecast to its document in MongoDB.",
            buckets=LAG_SECONDS,
            registry=registry,
        )

    def stored(self, answered_at: Sequence[datetime]) -> None:
        """Count events that have just been stored.

        Args:
            answered_at: Moments of their answers, with a time zone.
        """
        now = datetime.now(UTC)
        if answered_at:
            self.batch_events.observe(len(answered_at))
        for moment in answered_at:
            self._lag.observe(max(0.0, (now - moment).total_seconds()))

    def text(self) -> str:
        """Return the metrics in the text format of Prometheus."""
        return generate_latest(self._registry).decode()

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Serve the metrics in a thread.

        Returns:
            Stops the server.

        Raises:
            OSError: If the port is taken.
        """
        server, thread = start_server(port, host, self._registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop
