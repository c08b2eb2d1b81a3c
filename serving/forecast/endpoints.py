"""Forecasts over HTTP."""

import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import Response
from uuid_utils import uuid7

from cs2.contracts import ForecastAnswer, ForecastEvent, ForecastRequest
from serving.dependencies import CurrentUser, ServicesDep
from serving.errors import problems
from serving.forecast.schemas import ANSWER_EXAMPLE, REQUEST_EXAMPLES
from serving.forecast.service import answer, require_model

router = APIRouter(prefix="/forecast", tags=["forecast"])

_RESPONSES = problems(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_OK = {"description": "The forecast.", "content": {"application/json": {"example": ANSWER_EXAMPLE}}}


@router.post(
    "/get_team1_win_probability", response_model=ForecastAnswer, responses={**_RESPONSES, int(HTTPStatus.OK): _OK}
)
async def get_team1_win_probability(
    request: Annotated[ForecastRequest, Body(openapi_examples=REQUEST_EXAMPLES)],
    user_id: CurrentUser,
    services: ServicesDep,
) -> Response:
    """The probability that team 1 wins the map. Lineups left out mean each team's latest five."""
    started = time.perf_counter()
    bundle = services.keeper.current
    event_id = str(uuid7())
    found = answer(bundle, request, forecast_id=event_id, today=services.settings.current_day())
    _, ratings = require_model(bundle)
    event = ForecastEvent(
        event_id=event_id,
        occurred_at=datetime.now(UTC),
        user_id=user_id,
        request=request,
        response=found,
        model_version=found.model.version,
        snapshot_id=ratings.record.id,
        latency_ms=(time.perf_counter() - started) * 1000,
    )
    await services.outbox.record(event.model_dump_json().encode())
    return Response(found.model_dump_json(), media_type="application/json")
