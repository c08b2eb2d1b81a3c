"""Endpoints of ``/forecast``."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from fastapi.responses import Response

from cs2.messages import ForecastAnswer, ForecastRequest, SeriesAnswer, SeriesRequest
from serving.dependencies import CurrentUser, ServicesDep
from serving.errors import problems
from serving.forecast.batch_schemas import BatchAnswer, BatchRequest
from serving.forecast.openapi_examples import (
    ANSWER_EXAMPLE,
    BATCH_EXAMPLES,
    REQUEST_EXAMPLES,
    SERIES_ANSWER_EXAMPLE,
    SERIES_EXAMPLES,
)
from serving.forecast.service import ForecastService

router = APIRouter(prefix="/forecast", tags=["forecast"])

_RESPONSES = problems(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_MAP = {"description": "The forecast.", "content": {"application/json": {"example": ANSWER_EXAMPLE}}}
_SERIES = {"description": "The forecast.", "content": {"application/json": {"example": SERIES_ANSWER_EXAMPLE}}}


async def _forecast_service(user_id: CurrentUser, services: ServicesDep) -> ForecastService:
    return ForecastService.for_user(services, user_id)


ForecastServiceDep = Annotated[ForecastService, Depends(_forecast_service)]


@router.post(
    "/get_team1_win_probability", response_model=ForecastAnswer, responses={**_RESPONSES, int(HTTPStatus.OK): _MAP}
)
async def get_team1_win_probability(
    request: Annotated[ForecastRequest, Body(openapi_examples=REQUEST_EXAMPLES)], service: ForecastServiceDep
) -> Response:
    """Forecast one map: the probability that team 1 wins it.

    Name map, teams and players by id or by name. Without lineups each team plays with its latest five.
    """
    return _json(await service.forecast(request))


@router.post("/series", response_model=SeriesAnswer, responses={**_RESPONSES, int(HTTPStatus.OK): _SERIES})
async def forecast_series(
    request: Annotated[SeriesRequest, Body(openapi_examples=SERIES_EXAMPLES)], service: ForecastServiceDep
) -> Response:
    """Forecast a best-of-1, 3 or 5: the probability that team 1 wins it, every score line and each map.

    If the maps are not known yet, the forecast is an average over the likely vetoes of both teams.
    """
    return _json(await service.forecast(request))


@router.post("/batch", response_model=BatchAnswer, responses=_RESPONSES)
async def forecast_batch(
    request: Annotated[BatchRequest, Body(openapi_examples=BATCH_EXAMPLES)], service: ForecastServiceDep
) -> Response:
    """Forecast up to 1,000 maps in one call, each as in a call of its own. An invalid item has its own problem."""
    return _json(await service.forecast_batch(request.forecasts))


def _json(answer: bytes) -> Response:
    return Response(answer, media_type="application/json")
