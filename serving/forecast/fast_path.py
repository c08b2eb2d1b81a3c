"""The short way of the request that comes most: a right question about one map, with a token that holds."""

from pydantic import ValidationError
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from cs2.messages import ForecastRequest
from serving.errors import NotAuthenticatedError, ProblemError, response_of
from serving.forecast.service import ForecastService, forecast_service_of
from serving.lifespan import Services
from serving.middleware.body_limit import MAX_BODY_BYTES, replay

PATH = "/forecast/get_team1_win_probability"


class FastPath:
    """ASGI middleware that answers such requests itself. Whatever is odd or wrong takes the usual way through FastAPI.

    So every refusal is FastAPI's own, and the API's document is made from the endpoint, as ever. FastAPI's way through
    routes, dependencies and validation takes about as long as all that a forecast needs (docs/performance.md).
    """

    def __init__(self, app: ASGIApp, route: BaseRoute) -> None:
        """Wrap an application.

        Args:
            app: The application.
            route: Its route to the forecast of one map.
        """
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        message = await receive()
        understood = None if message.get("more_body", False) else _understood(scope, message.get("body", b""))
        if understood is None:
            await self._app(scope, replay(message, receive), send)
            return
        scope["route"] = self._route
        desk, question = understood
        try:
            body = await desk.forecast_map(question)
        except ProblemError as error:
            await response_of(error)(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _understood(scope: Scope, body: bytes) -> tuple[ForecastService, ForecastRequest] | None:
    headers = dict(reversed(scope["headers"]))  # of a header that comes twice the first holds
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme != b"Bearer" or headers.get(b"content-type") != b"application/json" or len(body) > MAX_BODY_BYTES:
        return None
    services: Services = scope["state"]["services"]
    try:
        user_id = services.tokens.user_of(token.decode("latin-1"))
        question = ForecastRequest.model_validate_json(body)
    except (NotAuthenticatedError, ValidationError):
        return None
    return forecast_service_of(services, user_id), question
