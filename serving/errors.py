"""Errors of the API: RFC 9457 problems with a stable ``type``, the wrong fields, and how to correct them."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:cs2-forecast:problem:"

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """An error in one field of the request, and how to correct it."""

    field: str = Field(examples=["team1_id"])
    message: str = Field(examples=["no team has the id 999999; GET /teams lists them"])


class Problem(BaseModel):
    """RFC 9457 problem details. ``type`` is stable, so that programs can distinguish errors by it."""

    type: str = Field(examples=[f"{TYPE_PREFIX}unknown-team"])
    title: str = Field(examples=["Unknown team"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["team1_id: no team has the id 999999; GET /teams lists them"])
    errors: list[FieldProblem] = []


class ProblemError(Exception):
    """Base of all errors: ends the request with a problem.

    Args:
        kind: Last part of the stable ``type``.
        detail: What is wrong with this request; default: the field problems, joined.
        errors: Wrong fields and how to correct them.
        headers: Headers that the status requires.
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(
        self,
        kind: str,
        detail: str | None = None,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.detail = detail or "; ".join(f"{error.field}: {error.message}" for error in errors)
        self.errors = list(errors)
        self.headers = dict(headers or {})
        super().__init__(self.detail)

    @property
    def problem(self) -> Problem:
        """Body of the response."""
        title = self.kind.replace("-", " ").capitalize()
        return Problem(
            type=f"{TYPE_PREFIX}{self.kind}", title=title, status=self.status, detail=self.detail, errors=self.errors
        )


class InvalidRequestError(ProblemError):
    """The request does not match the OpenAPI document.

    Args:
        errors: Errors of pydantic, whose locations start with body, query, path or header.
    """

    def __init__(self, errors: Sequence[Any]) -> None:
        problems = [FieldProblem(field=_field(error["loc"]), message=error["msg"]) for error in errors]
        super().__init__("invalid-request", errors=problems)


class WrongFieldError(ProblemError):
    """One field has a wrong value."""

    def __init__(self, kind: str, field: str, message: str) -> None:
        super().__init__(kind, errors=[FieldProblem(field=field, message=message)])


class NotAuthenticatedError(ProblemError):
    """The request has no token, or an invalid one."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail, headers={"WWW-Authenticate": "Bearer"})


class ForbiddenError(ProblemError):
    """The token is valid, but its user lacks the right."""

    status = HTTPStatus.FORBIDDEN


class NotFoundError(ProblemError):
    """Nothing has this id."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(ProblemError):
    """The request conflicts with the current state."""

    status = HTTPStatus.CONFLICT


class TooManyRequestsError(ProblemError):
    """The client made too many requests."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, kind: str, detail: str, *, retry_after: int) -> None:
        super().__init__(kind, detail, headers={"Retry-After": str(retry_after)})


class UnavailableError(ProblemError):
    """A dependency of the request is unavailable; the request can be repeated later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail, headers={"Retry-After": "5"})


def problem_response(
    status: HTTPStatus, kind: str, detail: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Build the response of a problem that is not raised as an error."""
    error = ProblemError(kind, detail, headers=headers)
    error.status = status
    return response_of(error)


def response_of(error: ProblemError) -> Response:
    """Build the response of an error."""
    return Response(
        error.problem.model_dump_json(), status_code=error.status, media_type=MEDIA_TYPE, headers=error.headers
    )


def problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Declare the problems of an endpoint, for ``responses=``."""
    return {int(status): {"description": status.phrase, "model": Problem} for status in statuses}


async def _answer_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return response_of(error)


async def _answer_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return response_of(InvalidRequestError(error.errors()))


def _field(location: Sequence[int | str]) -> str:
    """Return the name of the field without its location; an error in the whole body gets ``body``."""
    parts = [str(part) for part in location if not (isinstance(part, str) and part in {"query", "path", "header"})]
    if parts[0] == "body" and len(parts) > 1 and isinstance(location[1], str):
        parts = parts[1:]
    elif parts[0] == "body":
        parts = parts[:1]  # the rest is a position in malformed JSON
    return ".".join(parts)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, headers = HTTPStatus(error.status_code), dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request) or headers["Allow"]
    kind = status.phrase.lower().replace(" ", "-").replace("'", "")
    return problem_response(status, kind, str(error.detail), headers=headers)


def _allowed(request: Request) -> str:
    """Return all methods of the path: Starlette returns those of the first matching route only."""
    paths, url_path = request.app.openapi()["paths"], request.url.path
    operations: dict[str, Any] = paths.get(url_path) or next(
        (paths[path] for path in paths if _pattern(path).match(url_path)), {}
    )
    return ", ".join(method.upper() for method in operations)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


async def _answer_database_unavailable(_: Request, error: Exception) -> Response:
    log.warning("database_unavailable", error=str(error))
    detail = "accounts cannot be reached: PostgreSQL does not answer"
    headers = {"Retry-After": "5"}
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "database-unavailable", detail, headers=headers)


async def _answer_failure(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    detail = "the service failed to answer; its log says why"
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem."""
    app.add_exception_handler(ProblemError, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http_error)
    for database_error in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(database_error, _answer_database_unavailable)
    app.add_exception_handler(Exception, _answer_failure)
