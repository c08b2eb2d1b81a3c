"""What the sink tells Prometheus, on a port of its own: without a token, for an internal network."""

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
    """Counts of one consumer."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self.batch_events = Histogram(
            "cs2_sink_batch_events",
            "Documents by batch that was written to MongoDB.",
            buckets=BATCH_EVENTS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "cs2_sink_batch_seconds", "From a batch taken off the stream to its acknowledgement.", registry=registry
        )
        self.dead = Counter("cs2_sink_dead_letters", "Entries that can never be stored.", registry=registry)
        self.claimed = Counter(
            "cs2_sink_claimed", "Entries taken over from a consumer that left them unacknowledged.", registry=registry
        )
        self.failures = Counter(
            "cs2_sink_failures", "Turns that ended as Redis or MongoDB did not answer.", registry=registry
        )
        self.last_turn = Gauge(
            "cs2_sink_last_turn_timestamp_seconds", "When the last turn went well.", registry=registry
        )
        self._lag = Histogram(
            "cs2_sink_lag_seconds",
            "From a forecast's answer to its document in MongoDB.",
            buckets=LAG_SECONDS,
            registry=registry,
        )

    def stored(self, answered_at: Sequence[datetime]) -> None:
        """Count events that are stored now.

        Args:
            answered_at: When each was answered, with a time zone.
        """
        now = datetime.now(UTC)
        if answered_at:
            self.batch_events.observe(len(answered_at))
        for moment in answered_at:
            self._lag.observe(max(0.0, (now - moment).total_seconds()))

    def text(self) -> str:
        """What Prometheus is answered."""
        return generate_latest(self._registry).decode()

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answer Prometheus on a thread of its own.

        Returns:
            Ends that.

        Raises:
            OSError: If the port is taken.
        """
        server, thread = start_server(port, host, self._registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop
