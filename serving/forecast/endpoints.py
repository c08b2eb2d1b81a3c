"""Forecasts over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from fastapi.responses import Response

from cs2.messages import ForecastAnswer, ForecastRequest, SeriesAnswer, SeriesRequest
from serving.dependencies import CurrentUser, ServicesDep
from serving.errors import problems
from serving.forecast.schemas import (
    ANSWER_EXAMPLE,
    BATCH_EXAMPLES,
    REQUEST_EXAMPLES,
    SERIES_ANSWER_EXAMPLE,
    SERIES_EXAMPLES,
    BatchAnswer,
    BatchRequest,
)
from serving.forecast.service import ForecastService, forecast_service_of

router = APIRouter(prefix="/forecast", tags=["forecast"])

_RESPONSES = problems(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_MAP = {"description": "The forecast.", "content": {"application/json": {"example": ANSWER_EXAMPLE}}}
_SERIES = {"description": "The forecast.", "content": {"application/json": {"example": SERIES_ANSWER_EXAMPLE}}}


async def _desk(user_id: CurrentUser, services: ServicesDep) -> ForecastService:
    return forecast_service_of(services, user_id)


DeskDep = Annotated[ForecastService, Depends(_desk)]


@router.post(
    "/get_team1_win_probability", response_model=ForecastAnswer, responses={**_RESPONSES, int(HTTPStatus.OK): _MAP}
)
async def get_team1_win_probability(
    request: Annotated[ForecastRequest, Body(openapi_examples=REQUEST_EXAMPLES)], desk: DeskDep
) -> Response:
    """The probability that team 1 wins the map.

    Map, teams and players are each given by id or by name. Lineups left out mean each team's latest five.
    """
    return _json(await desk.forecast_map(request))


@router.post("/series", response_model=SeriesAnswer, responses={**_RESPONSES, int(HTTPStatus.OK): _SERIES})
async def forecast_series(
    request: Annotated[SeriesRequest, Body(openapi_examples=SERIES_EXAMPLES)], desk: DeskDep
) -> Response:
    """The probability that team 1 wins a best-of-1, 3 or 5, with every score line and each map.

    Maps that are not named yet are averaged over the vetoes that both teams' habits make likely.
    """
    return _json(await desk.forecast_series(request))


@router.post("/batch", response_model=BatchAnswer, responses=_RESPONSES)
async def forecast_batch(
    request: Annotated[BatchRequest, Body(openapi_examples=BATCH_EXAMPLES)], desk: DeskDep
) -> Response:
    """Up to 1,000 maps in one call: the same answers as one by one, an error per item, one event per answer."""
    return _json(await desk.forecast_batch(request.forecasts))


def _json(answer: bytes) -> Response:
    return Response(answer, media_type="application/json")
