"""Models over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession

from cs2.storage import model_registry as registry
from cs2.storage.model_registry import ModelRow
from serving.dependencies import ServicesDep, SessionDep, administrators, authenticated
from serving.errors import NotFoundError, problems
from serving.models.repository import list_versions
from serving.models.schemas import Model, ModelPage, ModelQuery, Promoted, build_model
from serving.models.service import change_champion

router = APIRouter(prefix="/models", tags=["models"])

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]

_ALWAYS = problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE)
_READ = _ALWAYS | problems(HTTPStatus.UNPROCESSABLE_ENTITY)
_CURRENT = _ALWAYS | problems(HTTPStatus.NOT_FOUND)
_ONE = _READ | problems(HTTPStatus.NOT_FOUND)
_ROLLBACK = _ALWAYS | problems(HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT)
_PROMOTE = _ONE | _ROLLBACK


@router.get("", responses=_READ, dependencies=[authenticated])
async def list_models(query: Annotated[ModelQuery, Query()], session: SessionDep) -> ModelPage:
    """List the versions, the newest first."""
    rows = await list_versions(session, status=query.status, before=query.before, limit=query.limit + 1)
    items = [build_model(row) for row in rows[: query.limit]]
    return ModelPage(items=items, next_before=items[-1].version if len(rows) > query.limit else None)


@router.get("/current", responses=_CURRENT, dependencies=[authenticated])
async def current_model(session: SessionDep) -> Model:
    """Show the champion in PostgreSQL. ``/health/ready`` shows the version that this process serves."""
    row = await session.run_sync(registry.get_champion)
    if row is None:
        raise NotFoundError("no-model", "no model was promoted yet")
    return build_model(row)


@router.post("/rollback", responses=_ROLLBACK, dependencies=[administrators])
async def roll_back(services: ServicesDep) -> Promoted:
    """Serve the previous champion."""
    return await change_champion(services, registry.roll_back)


@router.get("/{version}", responses=_ONE, dependencies=[authenticated])
async def get_model(version: Version, session: SessionDep) -> Model:
    """Show one version."""
    return build_model(await _existing(session, version))


@router.post("/{version}/promote", responses=_PROMOTE, dependencies=[administrators])
async def promote(version: Version, services: ServicesDep) -> Promoted:
    """Serve a version that passed the gate; the present champion retires."""
    async with services.sessions() as session:
        await _existing(session, version)
    return await change_champion(services, lambda session: registry.promote(session, version))


async def _existing(session: AsyncSession, version: int) -> ModelRow:
    row = await session.get(ModelRow, version)
    if row is None:
        raise NotFoundError("unknown-model", f"there is no version {version}; GET /models lists them")
    return row
