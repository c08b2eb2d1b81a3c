"""Answer the most frequent request before FastAPI: a valid forecast of one map with a valid token."""

from pydantic import ValidationError
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from cs2.messages import ForecastRequest
from serving.errors import NotAuthenticatedError, ProblemError, response_of
from serving.forecast.service import ForecastService
from serving.lifespan import Services
from serving.middleware.body_limit import MAX_BODY_BYTES, replay

PATH = "/forecast/get_team1_win_probability"


class FastPath:
    """ASGI middleware that answers such requests and passes all others to FastAPI.

    FastAPI answers every invalid request, so its errors and its document stay the only ones. Its routing, dependencies
    and validation take about as long as the forecast itself (docs/performance.md).
    """

    def __init__(self, app: ASGIApp, route: BaseRoute) -> None:
        """Wrap an application.

        Args:
            app: The application.
            route: Its route for ``PATH``, for logs and metrics.
        """
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        message = await receive()
        parsed = None if message.get("more_body", False) else _parse(scope, message.get("body", b""))
        if parsed is None:
            await self._app(scope, replay(message, receive), send)
            return
        scope["route"] = self._route
        service, request = parsed
        try:
            body = await service.forecast(request)
        except ProblemError as error:
            await response_of(error)(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _parse(scope: Scope, body: bytes) -> tuple[ForecastService, ForecastRequest] | None:
    """Check token and body; None if FastAPI has to answer."""
    headers = dict(reversed(scope["headers"]))  # the first of a repeated header wins, as in FastAPI
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme != b"Bearer" or headers.get(b"content-type") != b"application/json" or len(body) > MAX_BODY_BYTES:
        return None
    services: Services = scope["state"]["services"]
    try:
        user_id = services.tokens.user_of(token.decode("latin-1"))
        request = ForecastRequest.model_validate_json(body)
    except (NotAuthenticatedError, ValidationError):
        return None
    return ForecastService.for_user(services, user_id), request
