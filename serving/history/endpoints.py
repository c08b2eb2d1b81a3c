"""The history of forecasts over HTTP."""

from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from serving.dependencies import CurrentUser, ServicesDep, is_admin
from serving.errors import ForbiddenError, problems
from serving.history.repository import HistoryFilter
from serving.history.schemas import (
    ExplainedForecast,
    HistoryPage,
    HistoryQuery,
    build_explained_forecast,
    build_forecast,
)
from serving.history.service import get_visible_forecast

router = APIRouter(prefix="/forecast", tags=["history"])

RETRY_SECONDS = 1


class PendingForecast(BaseModel):
    """A forecast that was answered and is not stored yet."""

    forecast_id: str
    status: Literal["on its way"] = "on its way"


_PAGE = problems(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
_ONE = problems(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
_PENDING: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.ACCEPTED): {"description": "Answered, but not stored yet: retry.", "model": PendingForecast}
}


@router.get("/history", responses=_PAGE)
async def list_history(
    query: Annotated[HistoryQuery, Query()], user_id: CurrentUser, services: ServicesDep
) -> HistoryPage:
    """List your own forecasts with their outcomes, the newest first. Admins can list the forecasts of all users."""
    if query.everybody and not await is_admin(services, user_id):
        raise ForbiddenError("not-an-admin", "only admins can see the forecasts of other users")
    conditions = HistoryFilter(
        user_id=None if query.everybody else user_id,
        **query.model_dump(include={"team_id", "map_id", "first_day", "last_day", "model_version"}),
    )
    before = str(query.before) if query.before else None
    documents = await services.history.page(conditions, before=before, limit=query.limit)
    outcomes = await services.history.outcomes([document["_id"] for document in documents])
    is_full = len(documents) == query.limit
    return HistoryPage(
        items=[build_forecast(document, outcomes.get(document["_id"])) for document in documents],
        next_before=documents[-1]["_id"] if is_full else None,
    )


@router.delete(
    "/history",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def forget_me(user_id: CurrentUser, services: ServicesDep) -> None:
    """Remove your name from all your forecasts until now. The forecasts stay."""
    await services.history.anonymise(user_id)


@router.get("/{forecast_id}", response_model=ExplainedForecast, responses={**_ONE, **_PENDING})
async def get_forecast(forecast_id: UUID, user_id: CurrentUser, services: ServicesDep) -> Response | ExplainedForecast:
    """Show one of your own forecasts, or an automatic one, with its outcome and an explanation: the contribution of
    each feature in log-odds, which sum to the forecast."""
    document = await get_visible_forecast(services, str(forecast_id), user_id)
    if "_id" in document:
        outcomes = await services.history.outcomes([str(forecast_id)])
        return build_explained_forecast(document, outcomes.get(str(forecast_id)))
    return JSONResponse(
        PendingForecast(forecast_id=str(forecast_id)).model_dump(),
        status_code=HTTPStatus.ACCEPTED,
        headers={"Retry-After": str(RETRY_SECONDS)},
    )
