"""Refuse large bodies before FastAPI reads them."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import problem_response

MAX_BODY_BYTES = 64 * 1024
LARGER_BODIES = {"/forecast/batch": 1024 * 1024}


class BodyLimit:
    """ASGI middleware that reads a body up to its limit and passes it on, or answers 413.

    It counts the bytes: a chunked body declares no length.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        max_bytes = LARGER_BODIES.get(scope["path"], MAX_BODY_BYTES)
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client has disconnected
            body += message.get("body", b"")
            if len(body) > max_bytes:
                detail = f"the body is larger than {max_bytes} bytes"
                response = problem_response(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail, headers={"Connection": "close"}
                )
                await response(scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        await self._app(scope, replay({"type": "http.request", "body": bytes(body), "more_body": False}, receive), send)


def replay(first: Message, receive: Receive) -> Receive:
    """Return a ``receive`` that repeats a message and then continues with the following ones."""
    pending = [first]

    async def receive_next() -> Message:
        return pending.pop() if pending else await receive()

    return receive_next
