"""HTTP client against a local server that fails as real ones do."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from pyrate_limiter import Duration, Rate

from pipelines.sources.base import SourceError
from pipelines.sources.http import ATTEMPTS, LONGEST_WAIT_SECONDS, JsonApi, RetryLaterError
from tests.testkit.web import Reply, Request, Responder, Site, site

FAST = (Rate(1_000, Duration.SECOND),)
TOKEN = "a-secret-of-the-tests"


def in_turn(*replies: Reply) -> Responder:
    """Respond with each reply once, then with the last one."""
    remaining = list(replies)
    return lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0]


def get(*replies: Reply, timeout: float = 5.0) -> tuple[object, list[float], Site]:
    """Request once. Return the response, the pauses between attempts, and the server."""
    pauses: list[float] = []
    with site(in_turn(*replies)) as server:
        with JsonApi(server.url, rates=FAST, token=TOKEN, timeout=httpx.Timeout(timeout), sleep=pauses.append) as api:
            response = api.get("/matches", {"page": 1})
        return response, pauses, server


def test_json_is_decoded_and_the_client_identified() -> None:
    response, pauses, server = get(Reply([{"id": 1}]))
    assert response == [{"id": 1}]
    assert pauses == []
    [request] = server.requests
    assert request.params == {"page": "1"}
    assert request.headers["User-Agent"].startswith("cs2-forecast/")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(status=503), Reply([1, 2, 3, 4], cut_off=True), Reply(b'[{"id":')]
)
def test_a_transient_failure_is_retried(reply: Reply) -> None:
    response, pauses, server = get(reply, reply, Reply(["good"]))
    assert response == ["good"]
    assert len(pauses) == 2
    assert len(server.requests) == 3


def test_a_time_out_is_retried() -> None:
    response, pauses, _ = get(Reply([], seconds=30), Reply(["good"]), timeout=0.3)
    assert response == ["good"]
    assert len(pauses) == 1


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_obeyed_as_number_and_as_date(as_date: bool) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=10)
    after = format_datetime(moment, usegmt=True) if as_date else "10"
    _, [pause], _ = get(Reply(status=429, headers={"Retry-After": after}), Reply([]))
    assert 5 < pause <= 10


def test_a_pause_too_long_for_a_poll_is_raised() -> None:
    with pytest.raises(RetryLaterError, match=r"127\.0\.0\.1/matches: status 429, Retry-After 1800 s") as error:
        get(Reply(status=429, headers={"Retry-After": "1800"}))
    assert error.value.wait == 1800


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(status=500), r"status 500 \(every attempt failed\)"),
        (Reply(b"<html>"), r"the response is not JSON, or was cut off \(every attempt failed\)"),
        (Reply(b'{"adr": NaN}'), r"the response is not JSON, or was cut off \(every attempt failed\)"),
    ],
)
def test_a_lasting_failure_is_raised_with_its_reason(reply: Reply, problem: str) -> None:
    with pytest.raises(SourceError, match=f"127.0.0.1/matches: {problem}"):
        get(reply)


def test_attempts_and_pauses_are_bounded() -> None:
    requests: list[Request] = []

    def respond(request: Request) -> Reply:
        requests.append(request)
        return Reply(status=503)

    pauses: list[float] = []
    with (
        site(respond) as server,
        JsonApi(server.url, rates=FAST, sleep=pauses.append) as api,
        pytest.raises(SourceError),
    ):
        api.get("/matches")
    assert len(requests) <= ATTEMPTS
    assert sum(pauses) <= LONGEST_WAIT_SECONDS


def test_an_unreachable_host_is_named() -> None:
    with (
        JsonApi("http://127.0.0.1:9", rates=FAST, sleep=lambda _: None) as api,
        pytest.raises(SourceError, match=r"127\.0\.0\.1/matches: ConnectError"),
    ):
        api.get("/matches")


@pytest.mark.parametrize(
    ("status", "problem"), [(401, "the token is missing"), (403, "the token"), (404, "status 404")]
)
def test_a_refused_request_is_not_retried(status: int, problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        get(Reply(status=status))


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with site(lambda _: Reply([])) as other:
        with pytest.raises(SourceError, match="status 302"):
            get(Reply(status=302, headers={"Location": f"{other.url}/matches"}))
        assert other.requests == []


def test_clients_of_a_host_share_its_rate_limit() -> None:
    rates = (Rate(2, Duration.HOUR),)
    with site(lambda _: Reply([])) as server:
        for _ in range(2):
            with JsonApi(server.url, rates=rates) as api:
                api.get("/matches")
        with JsonApi(server.url, rates=rates) as api, pytest.MonkeyPatch.context() as patch:
            patch.setattr("pipelines.sources.http.LONGEST_WAIT_SECONDS", 0.1)
            with pytest.raises(RetryLaterError, match="the rate limit allows no request"):
                api.get("/matches")
        assert len(server.requests) == 2


@pytest.mark.parametrize("reply", [Reply(status=401), Reply(status=500), Reply(b"<html>"), Reply([], cut_off=True)])
def test_the_token_is_in_no_log_and_no_message(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as error:
        get(reply)
    assert TOKEN not in f"{error.value!r} {error.value.__cause__!r} {error.value.__context__!r}"
    assert "/matches" in caplog.text
    assert TOKEN not in caplog.text
