"""Client for public JSON interfaces: limits its rate, retries transient failures, and gives up after a bounded time."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx
import tenacity
from pyrate_limiter import Limiter, Rate

from pipelines.sources.base import SourceError

log = logging.getLogger(__name__)

ATTEMPTS = 4
LONGEST_WAIT_SECONDS = 20.0
"""Bound for all attempts of one request, as a sensor tick has 60 s. A longer pause is left to the next poll."""

TIMEOUT = httpx.Timeout(10.0)
USER_AGENT = "cs2-forecast/0.1"
_BACKOFF = tenacity.wait_random_exponential(multiplier=0.5, max=5)


class RetryLaterError(SourceError):
    """The next request has to wait longer than one poll may take.

    Attributes:
        wait: Seconds until the host accepts requests.
    """

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


class NotFoundError(SourceError):
    """The host has nothing under this address."""


class _TransientError(Exception):
    """A failure that is worth a retry.

    Attributes:
        wait: Seconds from ``Retry-After``, or None.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class JsonApi:
    """Client of one host.

    Args:
        url: Base address.
        rates: Allowed requests per interval, the shortest first. Clients of one host in one process share them.
        token: Bearer token, sent in a header only: no address, log line or message contains it.
        timeout: Timeout of one request.
        sleep: Waits between attempts.
    """

    def __init__(
        self,
        url: str,
        *,
        rates: tuple[Rate, ...],
        token: str | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        # A redirect could carry the token to another host.
        self._client = httpx.Client(base_url=url, headers=headers, timeout=timeout, follow_redirects=False)
        self._limiter = _limiter(url, rates)
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TransientError),
            wait=_seconds_to_wait,
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(LONGEST_WAIT_SECONDS),
            before_sleep=_log_retry,
            reraise=True,
            sleep=sleep,
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        del kind, error, trace
        self._client.close()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """Request JSON and return it decoded.

        Raises:
            SourceError: If the host refuses the request, or every attempt fails; names the path and the reason.
            NotFoundError: If the host has nothing under this address.
            RetryLaterError: If the host, or the rate limit, demands a longer pause.
        """
        try:
            return self._retrying(self._request, path, dict(params or {}))
        except _TransientError as error:
            raise self._error(path, f"{error} (every attempt failed)") from error

    def _request(self, path: str, params: dict[str, str | int]) -> Any:
        if not self._limiter.try_acquire(timeout=LONGEST_WAIT_SECONDS):
            raise RetryLaterError(f"{self._client.base_url.host}: the rate limit allows no request now", 0.0)
        try:
            response = self._client.get(path, params=params)
        except httpx.TransportError as error:
            raise _TransientError(f"{type(error).__name__}: {error}") from error
        except httpx.HTTPError as error:
            raise self._error(path, f"{type(error).__name__}: {error}") from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
            wait = _retry_after(response)
            if wait is not None and wait > LONGEST_WAIT_SECONDS:
                reason = f"status {response.status_code}, Retry-After {wait:.0f} s"
                raise RetryLaterError(f"{self._client.base_url.host}{path}: {reason}", wait)
            raise _TransientError(f"status {response.status_code}", wait)
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise self._error(
                path, f"status {response.status_code}: the token is missing, wrong or lacks the permission"
            )
        if response.status_code == httpx.codes.NOT_FOUND:
            raise NotFoundError(str(self._error(path, "status 404")))
        if response.status_code != httpx.codes.OK:
            raise self._error(path, f"status {response.status_code}")
        try:
            return response.json(parse_constant=_reject_constant)
        except ValueError as error:
            raise _TransientError("the response is not JSON, or was cut off") from error

    def _error(self, path: str, reason: str) -> SourceError:
        return SourceError(f"{self._client.base_url.host}{path}: {reason}")


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")  # Python accepts NaN, PostgreSQL does not


@cache
def _limiter(url: str, rates: tuple[Rate, ...]) -> Limiter:
    del url  # one limiter per host
    return Limiter(list(rates))


def _retry_after(response: httpx.Response) -> float | None:
    """Parse ``Retry-After`` as seconds: it is a number or a date (RFC 9110, section 10.2.3)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _seconds_to_wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    wait = error.wait if isinstance(error, _TransientError) else None
    return wait if wait is not None else _BACKOFF(state)


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    seconds = state.next_action.sleep if state.next_action else 0
    log.info("%s: %s; retrying in %.0f s", state.args[0], error, seconds)
