"""State of the service as Prometheus metrics: what is served, which events wait, which components are unhealthy."""

from collections.abc import Iterable, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cs2.messages import DEAD_EVENTS_STREAM, EVENTS_STREAM
from serving.health import readiness
from serving.lifespan import Services


async def stream_lengths(redis: Redis) -> Mapping[str, int]:
    """Return the lengths of the event stream and of the dead letters, by metric; empty if Redis does not answer."""
    try:
        pipeline = redis.pipeline(transaction=False)
        for name in (EVENTS_STREAM, DEAD_EVENTS_STREAM):
            pipeline.xlen(name)
        waiting, dead = await pipeline.execute()
    except (RedisError, OSError):
        return {}
    return {"cs2_stream_entries": waiting, "cs2_dead_letters": dead}


def state_metrics(services: Services, lengths: Mapping[str, int]) -> Iterable[Metric]:
    """Return the state as metrics.

    Args:
        services: Services of this process.
        lengths: Lengths of the streams (:func:`stream_lengths`).
    """
    yield from _served(services)
    publisher = services.events
    yield _gauge("cs2_spool_bytes", "Size of the events in the fallback file.", publisher.fallback_bytes)
    limit = services.settings.fallback_file_max_mb * 1024 * 1024
    yield _gauge("cs2_spool_max_bytes", "Largest size of the fallback file; then forecasts answer 503.", limit)
    yield _gauge(
        "cs2_outbox_waiting", "Events that wait to be written to Redis or the fallback file.", publisher.waiting
    )
    for name, value in lengths.items():
        kind = "that could not be stored" if name == "cs2_dead_letters" else "that are not stored yet"
        yield _gauge(name, f"Entries of the stream in Redis {kind}.", value)
    current = readiness(services)
    yield _gauge("cs2_ready", "Whether forecasts are answered, as in /health/ready.", current.is_ready)
    health = GaugeMetricFamily(
        "cs2_component_well", "Whether a component of /health/ready is healthy.", labels=["component"]
    )
    for name, component in current.components.items():
        health.add_metric([name], component.is_well)
    yield health
    restarts = {name: state.restarts for name, state in services.supervisor.states.items()}
    yield _counter("cs2_task_restarts", "Restarts of a background task after a failure.", "task", restarts)


def _served(services: Services) -> Iterable[Metric]:
    snapshot, today = services.refresher.current, services.settings.current_day()
    if snapshot.model is not None:
        record = snapshot.model.record
        yield _gauge("cs2_model_version", "Version of the served model.", record.version)
        age = (today - record.trained_through).days
        yield _gauge("cs2_model_age_days", "Days since the last result in the model's training data.", age)
    if snapshot.ratings is not None:
        age = (today - snapshot.ratings.record.as_of).days
        yield _gauge("cs2_ratings_age_days", "Days since the last result in the ratings.", age)
    refresher = services.refresher
    yield _counter("cs2_swaps", "Changes of the served model and ratings.", "part", refresher.swaps)
    yield _counter(
        "cs2_refusals", "Models and ratings that failed a check and are not served.", "part", refresher.rejections
    )


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def _counter(name: str, documentation: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
