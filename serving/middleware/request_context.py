"""The outermost layer: gives each request an id, measures it, and logs what failed or took long."""

import random
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cs2.logs import REQUEST_ID, is_request_id
from serving.metrics.counts import UNMATCHED, Counts

HEADER = b"x-request-id"
SLOW_SECONDS = 1.0
"""A request that took longer is logged although it was answered well."""

log = structlog.get_logger(__name__)


class RequestContextMiddleware:
    """ASGI layer around the whole application, its handler of unexpected errors included."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        header = (HEADER, request_id.encode())
        status = 0  # the client went away before it was answered

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], header]
            await send(message)

        context = REQUEST_ID.set(request_id)
        started = time.perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            found = scope.get("route")  # noted by the application
            route = UNMATCHED if found is None else found.path
            self._counts.request(scope["method"], route, status, seconds)
            if status >= 400 or seconds > SLOW_SECONDS:
                tell = log.warning if status >= 500 else log.info
                tell("request", method=scope["method"], route=route, status=status, seconds=round(seconds, 4))
            REQUEST_ID.reset(context)


def _request_id(scope: Scope) -> str:
    """The client's where it is short and plain, else a new one."""
    for name, value in scope["headers"]:
        if name == HEADER:
            given = str(value, "latin-1")
            if is_request_id(given):
                return given
    return f"{random.getrandbits(128):032x}"
