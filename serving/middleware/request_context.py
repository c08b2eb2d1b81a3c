"""Outermost middleware: request id, metrics, and a log of failed and slow requests."""

import random
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cs2.logs import REQUEST_ID, is_request_id
from serving.metrics.counts import UNMATCHED, Counts

HEADER = b"x-request-id"
SLOW_SECONDS = 1.0
"""Longer requests are logged although they succeeded."""

log = structlog.get_logger(__name__)


class RequestContextMiddleware:
    """ASGI middleware around the whole application, including its handler of unexpected errors."""

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
        status = 0  # stays 0 if the client disconnects before the answer

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
            matched = scope.get("route")  # set by the router or the fast path
            route = UNMATCHED if matched is None else matched.path
            self._counts.request(scope["method"], route, status, seconds)
            if status >= 400 or seconds > SLOW_SECONDS:
                write_log = log.warning if status >= 500 else log.info
                write_log("request", method=scope["method"], route=route, status=status, seconds=round(seconds, 4))
            REQUEST_ID.reset(context)


def _request_id(scope: Scope) -> str:
    """Return the id that the client sent if it is valid, else a new one."""
    for name, value in scope["headers"]:
        if name == HEADER:
            request_id = str(value, "latin-1")
            if is_request_id(request_id):
                return request_id
    return f"{random.getrandbits(128):032x}"
