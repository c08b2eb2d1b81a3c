"""The results sink: ``python -m ingest_worker``. On SIGTERM or SIGINT it finishes its batch and exits."""

import asyncio
import random
import signal
from collections.abc import Callable

import structlog
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from cs2.logs import configure_logs
from cs2.mongo_client import MongoClient
from cs2.settings import Settings, get_settings
from ingest_worker.consumer import BLOCK_MS, Consumer, consumer_name
from ingest_worker.metrics import SinkMetrics
from ingest_worker.store import MongoForecastStore

REDIS_SECONDS = 5 + BLOCK_MS / 1000  # must exceed BLOCK, otherwise an empty stream looks like a dead server
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

log = structlog.get_logger(__name__)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Move events to MongoDB until ``stop`` is set; while a server is unavailable, retry with back-off."""
    redis = Redis.from_url(settings.redis_url, socket_timeout=REDIS_SECONDS, retry=Retry(NoBackoff(), 0))
    store = MongoForecastStore(MongoClient, settings.mongo_url, settings.mongo_database)
    metrics = SinkMetrics()
    consumer = Consumer(redis, store, consumer_name(), metrics)
    stop_metrics = _serve_metrics(metrics, settings)
    pause, is_prepared = FIRST_PAUSE_SECONDS, False
    try:
        while not stop.is_set():
            try:
                if not is_prepared:
                    await consumer.prepare()
                    is_prepared, pause = True, FIRST_PAUSE_SECONDS
                    log.info("sink_ready", consumer=consumer_name())
                await consumer.step()
            except (RedisError, PyMongoError, OSError) as error:
                metrics.failures.inc()
                if is_prepared or pause == FIRST_PAUSE_SECONDS:
                    log.warning("sink_waits", reason=f"{type(error).__name__}: {error}")
                is_prepared = False
                await _wait(stop, pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        if is_prepared:
            await consumer.leave()
    finally:
        stop_metrics()
        await store.close()
        await redis.aclose()


def _serve_metrics(metrics: SinkMetrics, settings: Settings) -> Callable[[], None]:
    """Serve metrics if a port is set; the sink works without them if the port is taken.

    Returns:
        Stops the server.
    """
    if settings.sink_metrics_port is not None:
        try:
            return metrics.serve(settings.sink_metrics_host, settings.sink_metrics_port)
        except OSError as error:
            log.warning("metrics_unavailable", port=settings.sink_metrics_port, reason=str(error))
    return lambda: None


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def main() -> None:
    """Run until a signal arrives."""
    configure_logs()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await run(get_settings(), stop)


if __name__ == "__main__":
    asyncio.run(main())
