"""Models over HTTP."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.orm import Session

from cs2.announcements import CHANNEL, build_announcement, encode_announcement
from cs2.messages import AnnouncementKind
from cs2.storage import model_registry as registry
from cs2.storage.model_registry import ModelRow
from serving.dependencies import ServicesDep, SessionDep, administrators, authenticated
from serving.errors import ConflictError, NotFoundError, problems
from serving.lifespan import Services
from serving.models.schemas import Model, ModelPage, ModelQuery, Promoted, shown

router = APIRouter(prefix="/models", tags=["models"])

log = structlog.get_logger(__name__)

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]

_ALWAYS = problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE)
_READ = _ALWAYS | problems(HTTPStatus.UNPROCESSABLE_ENTITY)
_CURRENT = _ALWAYS | problems(HTTPStatus.NOT_FOUND)
_ONE = _READ | problems(HTTPStatus.NOT_FOUND)
_ROLLBACK = _ALWAYS | problems(HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT)
_PROMOTE = _ONE | _ROLLBACK


@router.get("", responses=_READ, dependencies=[authenticated])
async def list_models(query: Annotated[ModelQuery, Query()], session: SessionDep) -> ModelPage:
    """Versions, the newest first."""
    wanted = select(ModelRow).order_by(ModelRow.version.desc()).limit(query.limit + 1)
    if query.status is not None:
        wanted = wanted.where(ModelRow.status == query.status)
    if query.before is not None:
        wanted = wanted.where(ModelRow.version < query.before)
    rows = list(await session.scalars(wanted))
    items = [shown(row) for row in rows[: query.limit]]
    return ModelPage(items=items, next_before=items[-1].version if len(rows) > query.limit else None)


@router.get("/current", responses=_CURRENT, dependencies=[authenticated])
async def current_model(session: SessionDep) -> Model:
    """The champion, by PostgreSQL. What this very process serves stands in ``/health/ready``."""
    row = await session.run_sync(registry.get_champion)
    if row is None:
        raise NotFoundError("no-model", "no model was promoted yet")
    return shown(row)


@router.post("/rollback", responses=_ROLLBACK, dependencies=[administrators])
async def roll_back(services: ServicesDep) -> Promoted:
    """Serve the champion before the present one again."""
    return await _promoted(services, registry.roll_back)


@router.get("/{version}", responses=_ONE, dependencies=[authenticated])
async def get_model(version: Version, session: SessionDep) -> Model:
    """One version."""
    return shown(await _existing(session.get(ModelRow, version), version))


@router.post("/{version}/promote", responses=_PROMOTE, dependencies=[administrators])
async def promote(version: Version, services: ServicesDep) -> Promoted:
    """Serve a version that passed the gate; the champion before it retires."""
    async with services.sessions() as session:
        await _existing(session.get(ModelRow, version), version)
    return await _promoted(services, lambda session: registry.promote(session, version))


async def _existing(found: Awaitable[ModelRow | None], version: int) -> ModelRow:
    row = await found
    if row is None:
        raise NotFoundError("unknown-model", f"there is no version {version}; GET /models lists them")
    return row


async def _promoted(services: Services, change: Callable[[Session], ModelRow]) -> Promoted:
    """Change the champion, and announce it after the commit: who hears it must find it."""
    async with services.sessions.begin() as session:
        try:
            row = await session.run_sync(change)
        except registry.PromotionRefusedError as error:
            raise ConflictError("not-promotable", str(error)) from error
        await session.refresh(row)
        model, now = shown(row), await session.run_sync(registry.get_served_versions)
    services.refresher.refresh_soon()
    try:
        announcement = build_announcement(AnnouncementKind.MODEL, now)
        await services.redis.publish(CHANNEL, encode_announcement(announcement))
    except (RedisError, OSError) as error:
        log.warning("not_announced", model_version=model.version, error=str(error))
        return Promoted(model=model, announced=False)
    return Promoted(model=model, announced=True)
