"""One service answers all malicious requests and keeps working."""

import json
import socket
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import jwt
import pytest
import requests

from tests.testkit.live_service import Headers, Tried, tried_service

MAP = "/forecast/get_team1_win_probability"
QUESTION = {"map": "Nuke", "team1": "Vitality", "team2": "FURIA"}
NO_ANSWER = {400, 401, 404, 405, 413, 422}
WITH_BODY = [
    ("POST", "/auth/register"),
    ("POST", "/auth/login"),
    ("POST", "/auth/change_password"),
    ("DELETE", "/auth/me"),
    ("POST", MAP),
    ("POST", "/forecast/series"),
    ("POST", "/forecast/batch"),
]


@pytest.fixture(scope="module")
def live_service(
    servers: dict[str, int], mlflow_url: str, worker_number: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tried]:
    with tried_service(servers, mlflow_url, worker_number, tmp_path_factory.mktemp("tried")) as service:
        yield service


@pytest.fixture
def user(live_service: Tried) -> Headers:
    return live_service.headers[1]


@pytest.fixture(autouse=True)
def _still_answers(live_service: Tried) -> Iterator[None]:
    yield
    response = live_service.session.post(live_service.url + MAP, json=QUESTION, headers=live_service.headers[1])
    assert response.status_code == HTTPStatus.OK, response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


def is_problem(response: requests.Response) -> bool:
    return response.headers["content-type"] == "application/problem+json"


BODIES = {
    "deep lists": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "deep objects": b"[" * 30_000 + b"]" * 30_000,
    "never closed": b"[" * 60_000,
    "a field that is no text": b'{"\\ud800": 1}',
    "a value that is no text": b'{"map": "\\ud800", "team1": "\\udfff", "team2": "x", "username": "\\ud800abc"}',
    "NUL": b'{"map": "\\u0000", "team1": "\\u0000", "team2": "\\u0000", "username": "abc\\u0000def"}',
    "NaN": b'{"map_id": NaN, "team1_id": NaN, "best_of": NaN, "username": NaN, "forecasts": NaN}',
    "infinities": b'{"map_id": Infinity, "team1_id": -Infinity, "best_of": 1e999, "forecasts": [Infinity]}',
    "a huge number": b'{"map_id": ' + b"9" * 4_000 + b', "team1_id": 1e400, "team2_id": -1e308}',
    "more digits than Python reads": b'{"map_id": ' + b"9" * 50_000 + b"}",
    "a key twice": b'{"map_id": 1, "map_id": {"$gt": 0}, "team1_id": 1, "team2_id": 2}',
    "no UTF-8": b'{"map": "\xff\xfe"}',
    "UTF-16": '{"map": "Nuke"}'.encode("utf-16"),
    "a string": b'"map"',
    "many fields": json.dumps({f"f{number}": number for number in range(4_000)}).encode(),
    "a batch of anything": b'{"forecasts": [null, 1, "x", [], {"map": {}}, {"\\ud800": 1}, {"map": "\\ud800"}]}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_malformed_body_gets_a_problem(live_service: Tried, user: Headers, body: bytes) -> None:
    for method, path in WITH_BODY:
        for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"):
            headers = {**user, "Content-Type": kind}
            response = live_service.session.request(method, live_service.url + path, data=body, headers=headers)
            if path == "/forecast/batch" and response.ok:
                assert all(item["problem"]["status"] == 422 for item in response.json()["results"])
                continue
            assert response.status_code in NO_ANSWER, (method, path, kind, response.status_code, response.text[:500])
            assert is_problem(response)


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_a_large_body_is_rejected_for_every_method(live_service: Tried, method: str, path: str) -> None:
    response = requests.request(method, live_service.url + path, data=b" " * (1024 * 1024 + 1), timeout=30)
    assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert is_problem(response)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/register", {"username": "mallory", "password": "long enough 1", "role": "admin"}),
        ("/auth/register", {"username": "mallory", "password": "long enough 1", "id": 1}),
        ("/auth/change_password", {"old_password": "x", "new_password": "long enough 1", "role": "admin"}),
        ("/auth/change_password", {"old_password": "x", "new_password": "long enough 1", "user_id": 2}),
        (MAP, {**QUESTION, "user_id": 2}),
        (MAP, {**QUESTION, "team1_win_probability": 0.9}),
        ("/forecast/series", {"team1": "Vitality", "team2": "FURIA", "model_version": 1}),
        ("/forecast/batch", {"forecasts": [QUESTION], "user_id": 2}),
    ],
)
def test_protected_fields_cannot_be_set(live_service: Tried, user: Headers, path: str, body: dict[str, Any]) -> None:
    response = live_service.session.post(live_service.url + path, json=body, headers=user)
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    (error,) = response.json()["errors"]
    assert error == {"field": list(body)[-1], "message": "Extra inputs are not permitted"}


def test_a_form_cannot_make_an_admin(live_service: Tried) -> None:
    account = {"username": "mallory2", "password": "long enough 1"}
    assert live_service.session.post(f"{live_service.url}/auth/register", json=account).json()["role"] == "user"
    form = {**account, "role": "admin", "scope": "admin", "grant_type": "password"}
    token = live_service.session.post(f"{live_service.url}/auth/login", data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert live_service.session.get(f"{live_service.url}/auth/me", headers=headers).json()["role"] == "user"
    assert (
        live_service.session.post(f"{live_service.url}/models/rollback", headers=headers).status_code
        == HTTPStatus.FORBIDDEN
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"user_id": 1},
        {"user_id[$ne]": 1},
        {"team_id[$gt]": 0},
        {"team_id": '{"$gt": 0}'},
        {"before": '{"$ne": null}'},
        {"map_id": "1 OR 1=1"},
        {"everybody": "yes please"},
        {"limit": "999999999999999999999"},
        {"first_day": "0"},
        {"last_day": "1e9"},
        {"last_day": "2026-01-01T00:00:00"},
    ],
)
def test_query_parameters_cannot_inject_mongodb_operators(
    live_service: Tried, user: Headers, parameters: dict[str, Any]
) -> None:
    response = live_service.session.get(f"{live_service.url}/forecast/history", params=parameters, headers=user)
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert is_problem(response)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_first_and_last_day_of_the_calendar_are_valid(live_service: Tried, user: Headers, day: str) -> None:
    for name in ("first_day", "last_day"):
        response = live_service.session.get(f"{live_service.url}/forecast/history", params={name: day}, headers=user)
        assert response.status_code == HTTPStatus.OK, response.text


def test_the_last_day_of_the_calendar_is_forecast(live_service: Tried, user: Headers) -> None:
    question = {**QUESTION, "played_on": "9999-12-31"}
    response = live_service.session.post(live_service.url + MAP, json=question, headers=user)
    assert response.status_code == HTTPStatus.OK
    assert any("older than the match" in warning for warning in response.json()["warnings"])


@pytest.mark.parametrize(
    "name", ["' OR 1=1 --", "ada/10/1/minute", "ada\r\nFLUSHALL", "*", "ada\x00", "\u202eada", "x" * 60_000]
)
def test_names_cannot_inject_commands(live_service: Tried, name: str) -> None:
    form = {"username": name, "password": "whatever 1"}
    response = live_service.session.post(f"{live_service.url}/auth/login", data=form)
    assert (response.status_code, response.json()["type"][-17:]) == (401, "wrong-credentials")


@pytest.mark.parametrize(
    "path",
    [
        "/forecast/..%2f..%2fmodels",
        "/forecast/../models",
        "/maps/1%00",
        "/maps/1;drop",
        "/maps/%2e%2e/teams",
        "//maps",
        "/maps/",
        "/models/1/promote/../../current",
        "/docs/../openapi.json%00",
        "/static/../../etc/passwd",
        "/%ff%fe",
    ],
)
def test_paths_cannot_be_traversed(live_service: Tried, path: str) -> None:
    answer = raw(live_service, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    status = int(answer.split(b" ", 2)[1])
    assert status in NO_ANSWER | {307}, answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "lines",
    [
        b"Authorization: Bearer \xff\xfe\r\n",
        b"Authorization: Bearer a.b.c\r\nAuthorization: Bearer d.e.f\r\n",
        b"Authorization: Bearer " + b"a" * 30_000 + b"\r\n",
        b"Authorization: " + b"Bearer " * 1_000 + b"\r\n",
        b"X-Request-ID: a\r\n set-cookie: b=c\r\n",
        b"X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: evil.example\r\nX-Original-URL: /models\r\n",
        b"Content-Type: \xff/json; charset=\xfe\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Cookie: " + b"a=b; " * 5_000 + b"\r\n",
    ],
)
def test_headers_cannot_be_smuggled(live_service: Tried, lines: bytes) -> None:
    for method, path in ((b"GET", b"/auth/me"), (b"POST", MAP.encode())):
        answer = raw(
            live_service, method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + lines + b"\r\n"
        )
        head = answer.split(b"\r\n\r\n")[0].lower()
        assert int(head.split(b" ", 2)[1]) in NO_ANSWER | {431}, answer
        assert b"set-cookie" not in head
        assert b"evil.example" not in answer


def raw(live_service: Tried, request: bytes) -> bytes:
    """Send bytes that no client library would send, and return the answer."""
    host, port = live_service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        parts = iter(lambda: connection.recv(65536), b"")
        return b"".join(parts)


def test_a_key_inside_a_token_is_ignored(live_service: Tried, user: Headers) -> None:
    claims = jwt.decode(user["Authorization"].split()[1], options={"verify_signature": False})
    own = "the key of somebody else, 32 bytes long"
    for header in (
        {"jwk": {"kty": "oct", "k": own}},
        {"kid": "../../dev/null"},
        {"jku": live_service.url},
        {"crit": ["exp"]},
    ):
        for key in (own, "\x00" * 32):
            token = jwt.encode(claims, key, headers=header)
            response = live_service.session.get(
                f"{live_service.url}/auth/me", headers={"Authorization": f"Bearer {token}"}
            )
            assert response.status_code == HTTPStatus.UNAUTHORIZED


def test_other_origins_get_no_cors_headers(live_service: Tried, user: Headers) -> None:
    origin = {"Origin": "https://evil.example"}
    headers = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = live_service.session.options(live_service.url + MAP, headers=headers)
    simple = live_service.session.get(f"{live_service.url}/auth/me", headers={**origin, **user})
    assert preflight.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    for response in (preflight, simple):
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
