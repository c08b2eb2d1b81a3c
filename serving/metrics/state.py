"""What is read when Prometheus asks: what is served, what waits, what is not well."""

from collections.abc import Iterable, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cs2.messages import DEAD_EVENTS_STREAM, EVENTS_STREAM
from serving.health import readiness
from serving.lifespan import Services


async def stream_lengths(redis: Redis) -> Mapping[str, int]:
    """Entries of the stream of events and of the dead letters; nothing while Redis is away."""
    try:
        pipeline = redis.pipeline(transaction=False)
        for name in (EVENTS_STREAM, DEAD_EVENTS_STREAM):
            pipeline.xlen(name)
        waiting, dead = await pipeline.execute()
    except (RedisError, OSError):
        return {}
    return {"cs2_stream_entries": waiting, "cs2_dead_letters": dead}


def state_of(services: Services, lengths: Mapping[str, int]) -> Iterable[Metric]:
    """The state as metrics."""
    yield from _served(services)
    publisher = services.events
    yield _gauge(
        "cs2_spool_bytes", "Size of the events that wait in the local file for Redis.", publisher.fallback_bytes
    )
    limit = services.settings.fallback_file_max_mb * 1024 * 1024
    yield _gauge("cs2_spool_max_bytes", "Bound of the local file; beyond it forecasts are refused.", limit)
    yield _gauge("cs2_outbox_waiting", "Events that wait for Redis or the local file to take them.", publisher.waiting)
    for name, value in lengths.items():
        about = "that could not be stored" if name == "cs2_dead_letters" else "that are not stored yet"
        yield _gauge(name, f"Entries of the stream in Redis {about}.", value)
    found = readiness(services)
    yield _gauge("cs2_ready", "Whether forecasts are answered, as /health/ready tells.", found.is_ready)
    well = GaugeMetricFamily(
        "cs2_component_well", "Whether a component of /health/ready is well.", labels=["component"]
    )
    for name, component in found.components.items():
        well.add_metric([name], component.is_well)
    yield well
    restarts = {name: state.restarts for name, state in services.supervisor.states.items()}
    yield _counter("cs2_task_restarts", "How often a background task failed and was started again.", "task", restarts)


def _served(services: Services) -> Iterable[Metric]:
    snapshot, today = services.refresher.current, services.settings.current_day()
    if snapshot.model is not None:
        record = snapshot.model.record
        yield _gauge("cs2_model_version", "Version of the model that is served.", record.version)
        age = (today - record.trained_through).days
        yield _gauge("cs2_model_age_days", "Days since the last result that the model was trained on.", age)
    if snapshot.ratings is not None:
        age = (today - snapshot.ratings.record.as_of).days
        yield _gauge("cs2_ratings_age_days", "Days since the last result that the ratings know.", age)
    refresher = services.refresher
    yield _counter("cs2_swaps", "Models and ratings that were taken into service.", "part", refresher.swaps)
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
