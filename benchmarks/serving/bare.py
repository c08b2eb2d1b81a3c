"""The same framework with the same token check, doing nothing: what the forecast endpoint is compared with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response

from benchmarks.serving.plant import KEY
from serving.auth.tokens import Tokens
from serving.dependencies import CurrentUser


def create_app() -> FastAPI:
    """One endpoint behind the token check; its body does nothing."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"services": SimpleNamespace(tokens=Tokens(KEY, 60))}

    app = FastAPI(lifespan=lifespan)

    @app.post("/nothing")
    async def nothing(_: CurrentUser) -> Response:
        return Response(b"{}", media_type="application/json")

    @app.get("/ready")
    async def ready() -> None:
        return None

    return app
