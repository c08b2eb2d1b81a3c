"""Find a forecast in MongoDB or among the events on the way there, and decide who may see it."""

import json

from redis.exceptions import RedisError

from serving.dependencies import is_admin
from serving.errors import NotFoundError, UnavailableError
from serving.history.repository import Document
from serving.lifespan import Services


async def get_visible_forecast(services: Services, forecast_id: str, user_id: int) -> Document:
    """Return a forecast that the user may see: a stored document, or an event, which has no ``_id``.

    Raises:
        NotFoundError: If there is no such forecast, or only the user who requested it and admins may see it.
        UnavailableError: If MongoDB does not answer.
    """
    document = await _stored_or_pending(services, forecast_id)
    if document is None or not await _may_see(services, document, user_id):
        raise NotFoundError("unknown-forecast", f"there is no forecast {forecast_id} of yours")
    return document


async def _stored_or_pending(services: Services, forecast_id: str) -> Document | None:
    unavailable: UnavailableError | None = None
    try:
        document = await services.history.get(forecast_id)
        if document is not None:
            return document
    except UnavailableError as error:
        unavailable = error
    try:
        event = await services.events.find(forecast_id)
    except (RedisError, OSError):
        event = None
    if event is not None:
        pending: Document = json.loads(event)
        return pending
    if unavailable is not None:
        raise unavailable
    # The sink may have stored the event between the two queries.
    return await services.history.get(forecast_id)


async def _may_see(services: Services, document: Document, user_id: int) -> bool:
    is_automatic = document.get("fixture_id") is not None  # automatic forecasts are public: the track record
    return is_automatic or document["user_id"] == user_id or await is_admin(services, user_id)
