"""The service: ``python -m serving``."""

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
from serving.track_record import endpoints as record

DESCRIPTION = """Forecasts professional Counter-Strike 2 matches.

Register, log in, send the token as `Authorization: Bearer …`, and ask. Every error is an `application/problem+json`
(RFC 9457) whose `type` is stable and whose `errors` name the field and what would be right. A forecast that was
answered is in the history under its `forecast_id`."""


class Service(FastAPI):
    """The application: its document tells its problems; around all that it answers are headers, an id and a count."""

    counts: Counts

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = complete_document(super().openapi())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        """Everything between server and routes; FastAPI's own middleware would not see the answer to a failure."""
        inner = SecurityHeaders(super().build_middleware_stack(), pages={docs.PATH: self.state.policy_of_docs})
        return RequestContextMiddleware(inner, self.counts)


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
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # names of functions: the client's, too
    )
    app.counts = counts
    app.add_middleware(BodyLimit)
    app.add_middleware(FastPath, route=forecast.router.routes[0])
    add_error_handlers(app)
    for part in (auth, dictionaries, fixtures, forecast, history, record, models, health, metrics):
        app.include_router(part.router)
    app.state.policy_of_docs = docs.add_page(app)
    return app
