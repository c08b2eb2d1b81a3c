"""The HTTP client against a local server that fails as real ones do."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from pyrate_limiter import Duration, Rate

from pipelines.sources.base import SourceError
from pipelines.sources.http import ATTEMPTS, LONGEST_WAIT_SECONDS, JsonApi, RetryLaterError
from tests.testkit.web import Answer, Reply, Request, Site, site

FAST = (Rate(1_000, Duration.SECOND),)
TOKEN = "a-secret-of-the-tests"


def in_turn(*replies: Reply) -> Answer:
    """These, one after the other; the last one for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def ask(*replies: Reply, timeout: float = 5.0) -> tuple[object, list[float], Site]:
    """The answer, the pauses that were made, and what the server saw."""
    pauses: list[float] = []
    with site(in_turn(*replies)) as server:
        with JsonApi(server.url, rates=FAST, token=TOKEN, timeout=httpx.Timeout(timeout), sleep=pauses.append) as api:
            answer = api.get("/matches", {"page": 1})
        return answer, pauses, server


def test_an_answer_is_parsed_and_the_client_says_who_it_is() -> None:
    answer, pauses, server = ask(Reply([{"id": 1}]))
    assert answer == [{"id": 1}]
    assert pauses == []
    [request] = server.requests
    assert request.params == {"page": "1"}
    assert request.headers["User-Agent"].startswith("cs2-forecast/")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(status=503), Reply([1, 2, 3, 4], cut_off=True), Reply(b'[{"id":')]
)
def test_a_passing_failure_is_tried_again(reply: Reply) -> None:
    answer, pauses, server = ask(reply, reply, Reply(["good"]))
    assert answer == ["good"]
    assert len(pauses) == 2
    assert len(server.requests) == 3


def test_a_server_that_says_nothing_is_asked_again() -> None:
    answer, pauses, _ = ask(Reply([], seconds=30), Reply(["good"]), timeout=0.3)
    assert answer == ["good"]
    assert len(pauses) == 1


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_obeyed_as_number_and_as_date(as_date: bool) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=10)
    after = format_datetime(moment, usegmt=True) if as_date else "10"
    _, [pause], _ = ask(Reply(status=429, headers={"Retry-After": after}), Reply([]))
    assert 5 < pause <= 10


def test_a_pause_that_is_too_long_for_a_look_is_handed_on() -> None:
    with pytest.raises(RetryLaterError, match=r"127\.0\.0\.1/matches: status 429, asks to wait 1800 s") as error:
        ask(Reply(status=429, headers={"Retry-After": "1800"}))
    assert error.value.wait == 1800


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(status=500), "status 500, again and again"),
        (Reply(b"<html>"), "the answer is not JSON, or was cut off, again and again"),
        (Reply(b'{"adr": NaN}'), "the answer is not JSON, or was cut off, again and again"),
    ],
)
def test_a_failure_that_stays_ends_with_its_reason(reply: Reply, told: str) -> None:
    with pytest.raises(SourceError, match=f"127.0.0.1/matches: {told}"):
        ask(reply)


def test_attempts_and_pauses_are_bounded() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply(status=503)

    pauses: list[float] = []
    with (
        site(answer) as server,
        JsonApi(server.url, rates=FAST, sleep=pauses.append) as api,
        pytest.raises(SourceError),
    ):
        api.get("/matches")
    assert len(seen) <= ATTEMPTS
    assert sum(pauses) <= LONGEST_WAIT_SECONDS


def test_a_host_that_is_not_there_is_named() -> None:
    with (
        JsonApi("http://127.0.0.1:9", rates=FAST, sleep=lambda _: None) as api,
        pytest.raises(SourceError, match=r"127\.0\.0\.1/matches: ConnectError"),
    ):
        api.get("/matches")


@pytest.mark.parametrize(("status", "told"), [(401, "the token is missing"), (403, "the token"), (404, "status 404")])
def test_a_refusal_is_final(status: int, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        ask(Reply(status=status))


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with site(lambda _: Reply([])) as other:
        with pytest.raises(SourceError, match="status 302"):
            ask(Reply(status=302, headers={"Location": f"{other.url}/matches"}))
        assert other.requests == []


def test_the_rate_is_kept_by_all_clients_of_a_host_together() -> None:
    rates = (Rate(2, Duration.HOUR),)
    with site(lambda _: Reply([])) as server:
        for _ in range(2):
            with JsonApi(server.url, rates=rates) as api:
                api.get("/matches")
        with JsonApi(server.url, rates=rates) as api, pytest.MonkeyPatch.context() as patch:
            patch.setattr("pipelines.sources.http.LONGEST_WAIT_SECONDS", 0.1)
            with pytest.raises(RetryLaterError, match="as many requests as it allows"):
                api.get("/matches")
        assert len(server.requests) == 2


@pytest.mark.parametrize("reply", [Reply(status=401), Reply(status=500), Reply(b"<html>"), Reply([], cut_off=True)])
def test_the_token_is_in_no_log_and_no_message(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as error:
        ask(reply)
    assert TOKEN not in f"{error.value!r} {error.value.__cause__!r} {error.value.__context__!r}"
    assert "/matches" in caplog.text
    assert TOKEN not in caplog.text
