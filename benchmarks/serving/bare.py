"""The bare framework with the token check: the reference for the forecast endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.serving.testbed import KEY
from serving.auth.tokens import Tokens
from serving.dependencies import CurrentUser


class Layer:
    """The minimal ASGI layer before FastAPI: token check and answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != "/nothing-at-once":
            await self._app(scope, receive, send)
            return
        await receive()
        token = dict(scope["headers"])[b"authorization"].partition(b" ")[2]
        scope["state"]["services"].tokens.user_of(token.decode("latin-1"))
        headers = [(b"content-length", b"2"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})


def create_app() -> FastAPI:
    """Create an application with one endpoint that does nothing behind the token check."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"services": SimpleNamespace(tokens=Tokens(KEY, 60))}

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(Layer)

    @app.post("/nothing")
    async def nothing(_: CurrentUser) -> Response:
        return Response(b"{}", media_type="application/json")

    @app.get("/ready")
    async def ready() -> None:
        return None

    return app
