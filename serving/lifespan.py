"""Create the clients and background tasks of the service, and close them at its end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from cs2.settings import Settings
from cs2.storage.engine import make_async_engine
from serving.auth.attempts import Attempts
from serving.auth.passwords import Passwords
from serving.auth.revocations import refresh_revocations
from serving.auth.tokens import Tokens
from serving.forecast.disk_cache import FOLDER, DiskCache
from serving.forecast.event_publisher import EventPublisher
from serving.forecast.fallback_file import FallbackFile
from serving.forecast.model_refresher import ModelRefresher, listen_for_models
from serving.forecast.predict import Predictor
from serving.forecast.repository import ServingRepository
from serving.history.repository import StoredForecasts
from serving.metrics.counts import Counts
from serving.supervision import Supervisor
from serving.track_record.repository import last_forecasts
from serving.track_record.service import TrackRecordCache

REDIS_SECONDS = 2.0
"""Timeout of Redis: after it an event goes to the fallback file."""

HEALTH_CHECK_SECONDS = 5


class ConfigurationError(Exception):
    """A setting is missing or invalid."""


@dataclass(frozen=True, slots=True)
class Services:
    """Objects that live as long as the service.

    Attributes:
        stopping: Set when the service stops: ``/health/ready`` answers 503 from then on.
    """

    settings: Settings
    counts: Counts
    sessions: async_sessionmaker[AsyncSession]
    passwords: Passwords
    tokens: Tokens
    attempts: Attempts
    redis: Redis
    refresher: ModelRefresher
    events: EventPublisher
    predictor: Predictor
    history: StoredForecasts
    track_record: TrackRecordCache
    supervisor: Supervisor
    stopping: asyncio.Event


def _redis(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        health_check_interval=HEALTH_CHECK_SECONDS,
        retry=Retry(NoBackoff(), 0),  # the event publisher and the supervisor retry
    )


async def _last_forecasts(sessions: async_sessionmaker[AsyncSession]) -> Sequence[Any]:
    async with sessions() as session:
        return await last_forecasts(session)


@asynccontextmanager
async def running_services(settings: Settings, counts: Counts) -> AsyncIterator[Services]:
    """Start the services; stop them at the end of the block, after all events have been stored.

    Raises:
        ConfigurationError: If ``CS2_JWT_KEY`` is not set.
        FallbackFileError: If the fallback file cannot be opened.
    """
    if settings.jwt_key is None:
        raise ConfigurationError("CS2_JWT_KEY is not set: a secret of 32 characters or more that signs the tokens")
    async with AsyncExitStack() as stack:
        engine = make_async_engine(settings.database_url)
        stack.push_async_callback(engine.dispose)
        redis = await stack.enter_async_context(_redis(settings.redis_url))
        publisher = EventPublisher(
            redis, FallbackFile(settings.data_dir, max_bytes=settings.fallback_file_max_mb * 1024 * 1024)
        )
        stack.push_async_callback(publisher.close)
        history = StoredForecasts(settings.mongo_url, settings.mongo_database)
        stack.push_async_callback(history.close)
        refresher = ModelRefresher(
            rows=ServingRepository(engine),
            mlflow_url=settings.mlflow_url,
            cache=DiskCache(settings.data_dir / FOLDER),
            model_refresh_seconds=settings.model_refresh_seconds,
        )
        await refresher.start()
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        tokens = Tokens(settings.jwt_key.get_secret_value(), settings.token_minutes)
        supervisor = Supervisor(expected=(RedisError, SQLAlchemyError, OSError))
        stack.push_async_callback(supervisor.stop)
        supervisor.start("history", publisher.run)
        supervisor.start("reconciliation", refresher.run)
        supervisor.start("revocations", partial(refresh_revocations, sessions, tokens, settings.model_refresh_seconds))
        supervisor.start("announcements", partial(listen_for_models, redis, refresher))
        yield Services(
            settings=settings,
            counts=counts,
            sessions=sessions,
            passwords=Passwords(),
            tokens=tokens,
            attempts=Attempts(
                redis,
                per_account=settings.login_attempts_per_minute,
                per_address=settings.login_attempts_per_address_per_minute,
            ),
            redis=redis,
            refresher=refresher,
            events=publisher,
            predictor=Predictor(),
            history=history,
            track_record=TrackRecordCache(partial(_last_forecasts, sessions), history.outcomes, settings.now),
            supervisor=supervisor,
            stopping=asyncio.Event(),
        )
