"""Errors of the API: RFC 9457 problems with a stable ``type`` that name the field and what would be right."""

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
    """What is wrong with one field, and what would be right."""

    field: str = Field(examples=["team1_id"])
    message: str = Field(examples=["no team has the id 999999; GET /teams lists them"])


class Problem(BaseModel):
    """RFC 9457 problem details. ``type`` is stable: programs may tell errors apart by it."""

    type: str = Field(examples=[f"{TYPE_PREFIX}unknown-team"])
    title: str = Field(examples=["Unknown team"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["team1_id: no team has the id 999999; GET /teams lists them"])
    errors: list[FieldProblem] = []


class ProblemError(Exception):
    """Ends a request with a problem.

    Args:
        kind: Last part of the stable ``type``.
        detail: What happened here; default: the field problems, one after the other.
        errors: Fields and what would be right for them.
        headers: Headers that this status asks for.
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
        """The problem, as it is sent."""
        title = self.kind.replace("-", " ").capitalize()
        return Problem(
            type=f"{TYPE_PREFIX}{self.kind}", title=title, status=self.status, detail=self.detail, errors=self.errors
        )


class InvalidRequestError(ProblemError):
    """The request is not of the form that the document describes.

    Args:
        found: What pydantic found, each place beginning with where: body, query, path or header.
    """

    def __init__(self, found: Sequence[Any]) -> None:
        problems = [FieldProblem(field=_field(error["loc"]), message=error["msg"]) for error in found]
        super().__init__("invalid-request", errors=problems)


class WrongFieldError(ProblemError):
    """One field is wrong."""

    def __init__(self, kind: str, field: str, message: str) -> None:
        super().__init__(kind, errors=[FieldProblem(field=field, message=message)])


class NotAuthenticatedError(ProblemError):
    """No token, or one that does not hold."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail, headers={"WWW-Authenticate": "Bearer"})


class ForbiddenError(ProblemError):
    """The token holds, but this is not for its user."""

    status = HTTPStatus.FORBIDDEN


class NotFoundError(ProblemError):
    """There is nothing under that id."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(ProblemError):
    """The state of things does not allow it."""

    status = HTTPStatus.CONFLICT


class TooManyRequestsError(ProblemError):
    """Too often; later it may be asked again."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, kind: str, detail: str, *, retry_after: int) -> None:
        super().__init__(kind, detail, headers={"Retry-After": str(retry_after)})


class UnavailableError(ProblemError):
    """Something that the request needs is away; asking again later may help."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail, headers={"Retry-After": "5"})


def problem_response(
    status: HTTPStatus, kind: str, detail: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """The response that carries a problem."""
    error = ProblemError(kind, detail, headers=headers)
    error.status = status
    return response_of(error)


def response_of(error: ProblemError) -> Response:
    """The response that tells a problem."""
    return Response(
        error.problem.model_dump_json(), status_code=error.status, media_type=MEDIA_TYPE, headers=error.headers
    )


def problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Declares the problems of an endpoint, for ``responses=``."""
    return {int(status): {"description": status.phrase, "model": Problem} for status in statuses}


async def _answer_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return response_of(error)


async def _answer_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return response_of(InvalidRequestError(error.errors()))


def _field(location: Sequence[int | str]) -> str:
    """The field's name, without where FastAPI found it; the body as a whole is called ``body``."""
    parts = [str(part) for part in location if not (isinstance(part, str) and part in {"query", "path", "header"})]
    if parts[0] == "body" and len(parts) > 1 and isinstance(location[1], str):
        parts = parts[1:]
    elif parts[0] == "body":
        parts = parts[:1]  # a position in malformed JSON
    return ".".join(parts)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, headers = HTTPStatus(error.status_code), dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request) or headers["Allow"]
    kind = status.phrase.lower().replace(" ", "-").replace("'", "")
    return problem_response(status, kind, str(error.detail), headers=headers)


def _allowed(request: Request) -> str:
    """Every method of the path; Starlette knows those of the first route only."""
    paths, asked = request.app.openapi()["paths"], request.url.path
    operations: dict[str, Any] = paths.get(asked) or next(
        (paths[path] for path in paths if _pattern(path).match(asked)), {}
    )
    return ", ".join(method.upper() for method in operations)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


async def _answer_database_away(_: Request, error: Exception) -> Response:
    log.warning("database_unavailable", error=str(error))
    detail = "accounts cannot be reached: PostgreSQL does not answer"
    headers = {"Retry-After": "5"}
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "database-unavailable", detail, headers=headers)


async def _answer_failure(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    detail = "the service failed to answer; its log says why"
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)


def add_error_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""
    app.add_exception_handler(ProblemError, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http_error)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(away, _answer_database_away)
    app.add_exception_handler(Exception, _answer_failure)
