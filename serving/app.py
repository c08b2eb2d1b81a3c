"""Create the FastAPI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypedDict

from fastapi import FastAPI
from starlette.types import ASGIApp

from cs2.logs import configure_logs
from cs2.settings import Settings, get_settings
from serving import docs, health
from serving.auth import endpoints as auth
from serving.dictionaries import endpoints as dictionaries
from serving.errors import add_error_handlers
from serving.fixtures import endpoints as fixtures
from serving.forecast import endpoints as forecast
from serving.forecast.fast_path import FastPath
from serving.history import endpoints as history
from serving.lifespan import Services, running_services
from serving.metrics import endpoints as metrics
from serving.metrics.counts import Counts
from serving.middleware.body_limit import BodyLimit
from serving.middleware.request_context import RequestContextMiddleware
from serving.middleware.security_headers import SecurityHeaders
from serving.models import endpoints as models
from serving.openapi import complete_document
from serving.track_record import endpoints as track_record

DESCRIPTION = """Forecasts professional Counter-Strike 2 matches.

Register, log in and send the token as `Authorization: Bearer …`. Every error is an `application/problem+json`
(RFC 9457): its `type` is stable, and its `errors` name the field and how to correct it. The history has every
answered forecast under its `forecast_id`."""


class Service(FastAPI):
    """FastAPI application with problem+json in its OpenAPI document.

    Middleware adds security headers, a request id and metrics to every answer.
    """

    counts: Counts

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document with all problems."""
        if self.openapi_schema is None:
            self.openapi_schema = complete_document(super().openapi())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap the stack of FastAPI, whose own middleware does not see the answer to an unexpected error."""
        inner = SecurityHeaders(super().build_middleware_stack(), pages={docs.PATH: self.state.policy_of_docs})
        return RequestContextMiddleware(inner, self.counts)


class State(TypedDict):
    """State that the lifespan passes to each request."""

    services: Services


def create_app(settings: Settings | None = None) -> FastAPI:
    """Create the application. Its lifespan opens the connections.

    Args:
        settings: Settings instead of those of the environment.
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
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # the names of the client's functions
    )
    app.counts = counts
    app.add_middleware(BodyLimit)
    app.add_middleware(FastPath, route=forecast.router.routes[0])
    add_error_handlers(app)
    for part in (auth, dictionaries, fixtures, forecast, history, track_record, models, health, metrics):
        app.include_router(part.router)
    app.state.policy_of_docs = docs.add_page(app)
    return app
