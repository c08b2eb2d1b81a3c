"""The service: ``uvicorn --factory serving.app:create_app``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypedDict

from fastapi import FastAPI
from starlette.types import ASGIApp

from cs2.logs import configure_logs
from cs2.settings import Settings, get_settings
from serving import health
from serving.auth import endpoints as auth
from serving.body_limit import BodyLimit
from serving.dictionaries import endpoints as dictionaries
from serving.errors import add_error_handlers, with_problem_media_type
from serving.forecast import endpoints as forecast
from serving.history import endpoints as history
from serving.metrics import endpoints as metrics
from serving.metrics.counts import Counts
from serving.models import endpoints as models
from serving.services import Services, running_services
from serving.tracing import Tracing

DESCRIPTION = """Forecasts professional Counter-Strike 2 matches.

Register, log in, send the token as `Authorization: Bearer …`, and ask. Every error is an `application/problem+json`
(RFC 9457) whose `type` is stable and whose `errors` name the field and what would be right. A forecast that was
answered is in the history under its `forecast_id`."""


class Service(FastAPI):
    """The application: its document tells the media type of its problems, its outermost layer counts and traces."""

    counts: Counts

    def build_middleware_stack(self) -> ASGIApp:
        """Around everything: the answer to an unexpected error, too, is counted and has its id."""
        return Tracing(super().build_middleware_stack(), self.counts)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = with_problem_media_type(super().openapi())
        return self.openapi_schema


class State(TypedDict):
    """State of the lifespan."""

    services: Services


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; nothing is opened before its lifespan starts.

    Args:
        settings: Instead of those of the environment.
    """

    configure_logs()
    counts = Counts()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with running_services(settings or get_settings(), counts) as services:
            yield {"services": services}

    app = Service(
        title="cs2-forecast",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,  # names of functions: the client's, too
    )
    app.counts = counts
    app.add_middleware(BodyLimit)
    add_error_handlers(app)
    for part in (auth, dictionaries, forecast, history, models, health, metrics):
        app.include_router(part.router)
    return app
