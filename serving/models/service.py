"""Change the champion and announce it."""

from collections.abc import Callable

import structlog
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from cs2.announcements import CHANNEL, build_announcement, encode_announcement
from cs2.messages import AnnouncementKind
from cs2.storage import model_registry as registry
from cs2.storage.model_registry import ModelRow
from serving.errors import ConflictError
from serving.lifespan import Services
from serving.models.schemas import Promoted, build_model

log = structlog.get_logger(__name__)


async def change_champion(services: Services, change: Callable[[Session], ModelRow]) -> Promoted:
    """Change the champion, commit, and announce it: other processes must find it when they hear of it.

    Args:
        services: Services of this process.
        change: Promotes or rolls back, and returns the new champion.

    Raises:
        ConflictError: If the registry refuses the change.
    """
    async with services.sessions.begin() as session:
        try:
            row = await session.run_sync(change)
        except registry.PromotionRefusedError as error:
            raise ConflictError("not-promotable", str(error)) from error
        await session.refresh(row)
        model, versions = build_model(row), await session.run_sync(registry.get_served_versions)
    services.refresher.refresh_soon()
    try:
        announcement = build_announcement(AnnouncementKind.MODEL, versions)
        await services.redis.publish(CHANNEL, encode_announcement(announcement))
    except (RedisError, OSError) as error:
        log.warning("not_announced", model_version=model.version, error=str(error))
        return Promoted(model=model, announced=False)
    return Promoted(model=model, announced=True)
