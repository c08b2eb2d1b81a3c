"""A request for each operation of the OpenAPI document and each status that the operation declares."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.testkit.service import PASSWORD

MAP = "POST /forecast/get_team1_win_probability"
SERIES = "POST /forecast/series"
BATCH = "POST /forecast/batch"
HISTORY = "GET /forecast/history"
FORECAST = "GET /forecast/{forecast_id}"
SIDES = {"team1": "Vitality", "team2": "FURIA"}
QUESTION = {"map": "Nuke", **SIDES}
ACCOUNT = {"username": "ada", "password": PASSWORD}
CHANGE = {"old_password": PASSWORD, "new_password": "another good password"}
BODIES: Mapping[str, dict[str, Any]] = {
    "POST /auth/register": {"json": {"username": "grace", "password": PASSWORD}},
    "POST /auth/login": {"data": ACCOUNT},
    "DELETE /auth/me": {"json": {"password": PASSWORD}},
    "POST /auth/change_password": {"json": CHANGE},
    MAP: {"json": QUESTION},
    SERIES: {"json": SIDES},
    BATCH: {"json": {"forecasts": [QUESTION]}},
}
"""A valid body of each operation that takes one."""

PUBLIC = {"POST /auth/register", "POST /auth/login", "GET /track-record", "GET /health/live", "GET /health/ready"}


@dataclass(frozen=True, slots=True)
class Case:
    """A request, the state of the system, and the expected answer.

    Attributes:
        operation: Method and path, as the document has them.
        status: Status of the answer.
        kind: Last part of the problem's type, None if the answer is no problem.
        arguments: Further arguments of the request.
        at: Value in the path: an id, or the name of an id in the state.
        who: ``user``, ``admin``, ``other`` (another user), ``leaver`` (an account of this case alone), or None.
        state: Name of a state.
    """

    operation: str
    status: int
    kind: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    at: str | int | None = None
    who: str | None = "user"
    state: str = "usual"


def cases() -> Iterator[Case]:
    """Yield all cases."""
    yield from _good()
    yield from _wrong()
    yield from _of_another()
    yield from _state("no postgres", "database-unavailable", _ACCOUNTS | _MODELS | {"GET /fixtures"})
    yield Case("GET /track-record", 503, "record-unavailable", who=None, state="no postgres")
    yield from _state("no mongo", "history-unavailable", {HISTORY, "DELETE /forecast/history", FORECAST})
    yield from _state("no model", "no-model", {MAP, SERIES, BATCH})
    yield Case("GET /models/current", 404, "no-model", state="no model")
    yield Case("GET /health/ready", 503, who=None, state="no model")
    yield from _state("no attempts left", "too-many-attempts", _ACCOUNTS - {"GET /auth/me"}, status=429)


_ACCOUNTS = {"POST /auth/register", "POST /auth/login", "GET /auth/me", "DELETE /auth/me", "POST /auth/change_password"}
_MODELS = {
    "GET /models",
    "GET /models/current",
    "GET /models/{version}",
    "POST /models/{version}/promote",
    "POST /models/rollback",
}
_AT = {
    "GET /models/{version}": "model",
    "POST /models/{version}/promote": "model",
    FORECAST: "nobody's forecast",
    "GET /maps/{map_id}": "map",
    "GET /teams/{team_id}": "team",
    "GET /players/{player_id}": "player",
}
_ADMINS = {"POST /models/{version}/promote", "POST /models/rollback"}


def _case(operation: str, status: int, kind: str | None = None, **changes: Any) -> Case:
    """Return a case, by default with a valid body, path and caller."""
    who: str | None = "admin" if operation in _ADMINS else None if operation in PUBLIC else "user"
    usual: dict[str, Any] = {"arguments": BODIES.get(operation, {}), "at": _AT.get(operation), "who": who}
    return Case(operation, status, kind, **{**usual, **changes})


def _state(state: str, kind: str, operations: set[str], status: int = 503) -> Iterator[Case]:
    for operation in sorted(operations):
        yield _case(operation, status, kind, state=state)


def _good() -> Iterator[Case]:
    yield _case("POST /auth/register", 201)
    for operation in (
        *("POST /auth/login", "GET /auth/me", "GET /maps", "GET /maps/{map_id}", "GET /teams", "GET /teams/{team_id}"),
        *(
            "GET /players",
            "GET /players/{player_id}",
            "GET /fixtures",
            MAP,
            SERIES,
            BATCH,
            HISTORY,
            "GET /track-record",
        ),
        *sorted(_MODELS),
        *("GET /health/live", "GET /health/ready"),
    ):
        yield _case(operation, 200)
    yield _case(FORECAST, 200, at="stored forecast")
    yield _case(FORECAST, 202, at="late forecast")
    yield _case("POST /auth/change_password", 204, who="leaver")
    yield _case("DELETE /auth/me", 204, who="leaver")
    yield _case("DELETE /forecast/history", 204, who="leaver")


def _wrong() -> Iterator[Case]:
    for operation in BODIES:
        too_large = {"content": b" " * (1024 * 1024 + 1), "headers": {"content-type": "application/json"}}
        yield _case(operation, 413, "body-too-large", arguments=too_large)
        as_form = operation == "POST /auth/login"
        kind = "multipart/form-data" if as_form else "application/json"
        broken = {"content": b'{"map": "\xff\xfe"}', "headers": {"content-type": kind}}
        yield _case(operation, 400, "bad-request", arguments=broken)
        yield _case(operation, 422, "invalid-request", arguments={"data": {}} if as_form else {"json": {"nonsense": 1}})
    for operation in ("GET /maps", "GET /teams", "GET /players", "GET /fixtures", HISTORY, "GET /track-record"):
        yield _case(operation, 422, "invalid-request", arguments={"params": {"limit": 0}})
    yield _case("GET /models", 422, "invalid-request", arguments={"params": {"status": "best"}})
    for operation in _AT:
        yield _case(operation, 422, "invalid-request", at="nonsense")
    for operation, kind in (
        *(("GET /maps/{map_id}", "unknown-map"), ("GET /teams/{team_id}", "unknown-team")),
        *(("GET /players/{player_id}", "unknown-player"), ("GET /models/{version}", "unknown-model")),
        ("POST /models/{version}/promote", "unknown-model"),
    ):
        yield _case(operation, 404, kind, at=999_999)
    yield _case(FORECAST, 404, "unknown-forecast")
    yield _case("POST /auth/register", 409, "username-taken", arguments={"json": ACCOUNT})
    yield _case("POST /auth/login", 401, "wrong-credentials", arguments={"data": {**ACCOUNT, "password": "wrong one"}})
    yield _case("DELETE /auth/me", 403, "wrong-password", arguments={"json": {"password": "wrong one"}})
    yield _case(
        "POST /auth/change_password", 403, "wrong-password", arguments={"json": {**CHANGE, "old_password": "wrong one"}}
    )
    yield _case("POST /models/{version}/promote", 409, "not-promotable", at="refused model")
    yield _case("POST /models/rollback", 409, "not-promotable", state="one model")


def _of_another() -> Iterator[Case]:
    """Yield requests without a token, without the role, and for another user's forecast."""
    protected = {*BODIES, *_AT, *_MODELS, "GET /auth/me", "GET /maps", "GET /teams", "GET /players", "GET /fixtures"}
    for operation in sorted((protected | {HISTORY, "DELETE /forecast/history"}) - PUBLIC):
        yield _case(operation, 401, "not-authenticated", who=None)
    for operation in sorted(_ADMINS):
        yield _case(operation, 403, "not-an-admin", who="user")
    yield _case(HISTORY, 403, "not-an-admin", arguments={"params": {"everybody": True}})
    yield _case(FORECAST, 404, "unknown-forecast", at="stored forecast", who="other")
    yield _case(FORECAST, 404, "unknown-forecast", at="late forecast", who="other")


def documented(document: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return each operation of the document with each declared status."""
    return {
        (f"{method.upper()} {path}", int(status))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status in operation["responses"]
    }
