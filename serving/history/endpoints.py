"""The history of forecasts over HTTP."""

import json
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from redis.exceptions import RedisError

from serving.dependencies import CurrentUser, ServicesDep, is_admin
from serving.errors import ForbiddenError, NotFoundError, UnavailableError, problems
from serving.history.repository import Document, HistoryFilter
from serving.history.schemas import ExplainedForecast, HistoryPage, HistoryQuery, stored, with_reasons
from serving.lifespan import Services

router = APIRouter(prefix="/forecast", tags=["history"])

RETRY_SECONDS = 1


class PendingForecast(BaseModel):
    """The forecast was answered; it is not stored yet."""

    forecast_id: str
    status: Literal["on its way"] = "on its way"


_PAGE = problems(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
_ONE = problems(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
_WAITING: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.ACCEPTED): {"description": "Answered, not stored yet: ask again.", "model": PendingForecast}
}


@router.get("/history", responses=_PAGE)
async def list_history(
    query: Annotated[HistoryQuery, Query()], user_id: CurrentUser, services: ServicesDep
) -> HistoryPage:
    """One's own forecasts, the newest first, and how each turned out; admins may ask for everybody's."""
    if query.everybody and not await is_admin(services, user_id):
        raise ForbiddenError("not-an-admin", "only admins see what others asked for")
    wanted = HistoryFilter(
        user_id=None if query.everybody else user_id,
        **query.model_dump(include={"team_id", "map_id", "first_day", "last_day", "model_version"}),
    )
    before = str(query.before) if query.before else None
    documents = await services.history.page(wanted, before=before, limit=query.limit)
    outcomes = await services.history.outcomes([document["_id"] for document in documents])
    is_full = len(documents) == query.limit
    return HistoryPage(
        items=[stored(document, outcomes.get(document["_id"])) for document in documents],
        next_before=documents[-1]["_id"] if is_full else None,
    )


@router.delete(
    "/history",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def forget_me(user_id: CurrentUser, services: ServicesDep) -> None:
    """Take one's name off everything one asked for until now; the forecasts stay, nameless."""
    await services.history.erase(user_id)


@router.get("/{forecast_id}", response_model=ExplainedForecast, responses={**_ONE, **_WAITING})
async def get_forecast(forecast_id: UUID, user_id: CurrentUser, services: ServicesDep) -> Response | ExplainedForecast:
    """One's own forecast, or an automatic one, with its explanation (what each feature added in log-odds, summing to
    the answer) and how it turned out."""
    name = str(forecast_id)
    document = await _stored_or_on_its_way(services, name)
    if document is None or not await _may_see(services, document, user_id):
        raise NotFoundError("unknown-forecast", f"there is no forecast {name} of yours")
    if "_id" in document:
        outcomes = await services.history.outcomes([name])
        return with_reasons(document, outcomes.get(name))
    return JSONResponse(
        PendingForecast(forecast_id=name).model_dump(),
        status_code=HTTPStatus.ACCEPTED,
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


async def _stored_or_on_its_way(services: Services, forecast_id: str) -> Document | None:
    """What MongoDB has, else the event that will become it (which has no ``_id``)."""
    away: UnavailableError | None = None
    try:
        document = await services.history.get(forecast_id)
        if document is not None:
            return document
    except UnavailableError as error:
        away = error
    try:
        event = await services.events.find(forecast_id)
    except (RedisError, OSError):
        event = None
    if event is not None:
        found: Document = json.loads(event)
        return found
    if away is not None:
        raise away
    # The sink may have stored it between the two looks.
    return await services.history.get(forecast_id)


async def _may_see(services: Services, document: Document, user_id: int) -> bool:
    is_automatic = document.get("fixture_id") is not None  # it stands in the track record, for everybody
    return is_automatic or document["user_id"] == user_id or await is_admin(services, user_id)
