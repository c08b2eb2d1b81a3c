"""Hears ``ml_models``: a hint that makes a new model or new ratings quick; the truth is in PostgreSQL."""

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from cs2.announcements import CHANNEL, parse_announcement
from serving.forecast.model_refresher import ModelRefresher
from serving.supervision import TaskState

POLL_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def listen_for_models(redis: Redis, refresher: ModelRefresher, state: TaskState) -> None:
    """Tell ``refresher`` of each announcement, and once after each subscription, as one may have been missed before it.

    Args:
        redis: A client with a health check, so that a connection that died silently is noticed. (redis-py's
            ``listen()`` would end without an error after a longer outage.)
        refresher: Is told.
        state: Of this task.

    Raises:
        redis.RedisError: If the connection is lost; the supervisor subscribes anew.
    """
    async with redis.pubsub(ignore_subscribe_messages=False) as subscription:
        await subscription.subscribe(CHANNEL)
        while True:
            message = await subscription.get_message(timeout=POLL_SECONDS)
            if message is None:
                continue
            if message["type"] == "subscribe":
                state.mark_healthy()
                refresher.refresh_soon()
            elif message["type"] == "message":
                _take(message["data"], refresher)


def _take(data: bytes, refresher: ModelRefresher) -> None:
    try:
        announcement = parse_announcement(data)
    except ValidationError as error:
        log.warning("announcement_malformed", error=str(error), data=data[:200])
        return
    log.info("announced", kind=announcement.kind, model_version=announcement.model_version)
    refresher.refresh_soon()
