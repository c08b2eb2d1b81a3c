"""Public JSON interfaces, asked politely: never faster than allowed, again after a passing failure, never for ever."""

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
"""For all attempts: a sensor has 60 s for a look. A host that asks for more gets it: the next look comes later."""

TIMEOUT = httpx.Timeout(10.0)
AGENT = "cs2-forecast/0.1"
_BACKOFF = tenacity.wait_random_exponential(multiplier=0.5, max=5)


class RetryLaterError(SourceError):
    """The host asks for a pause.

    Attributes:
        wait: Seconds.
    """

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


class _PassingError(Exception):
    """Worth another attempt.

    Attributes:
        wait: Seconds that the host asks to wait, or None.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class JsonApi:
    """A client of one host.

    Args:
        url: Its base.
        rates: Requests allowed in intervals, the shortest first; clients of one host in one process share them.
        token: Sent as a bearer, in a header: no address, log line or message ever holds it.
        timeout: Of one request.
        sleep: Pauses between attempts.
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
        headers = {"User-Agent": AGENT, "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        # Redirects are not followed: they could carry the token to another host.
        self._client = httpx.Client(base_url=url, headers=headers, timeout=timeout, follow_redirects=False)
        self._limiter = _limiter(url, rates)
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            wait=_pause,
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(LONGEST_WAIT_SECONDS),
            before_sleep=_tell,
            reraise=True,
            sleep=sleep,
        )

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        del kind, error, trace
        self._client.close()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """Parsed JSON.

        Raises:
            SourceError: If the host refuses, or fails again and again; with the path and the reason.
        """
        try:
            return self._retrying(self._once, path, dict(params or {}))
        except _PassingError as error:
            raise SourceError(f"{self._client.base_url.host}{path}: {error}, again and again") from error

    def _once(self, path: str, params: dict[str, str | int]) -> Any:
        if not self._limiter.try_acquire(timeout=LONGEST_WAIT_SECONDS):
            raise RetryLaterError(f"{self._client.base_url.host}: as many requests as it allows were made", 0.0)
        try:
            response = self._client.get(path, params=params)
        except httpx.TransportError as error:
            raise _PassingError(f"{type(error).__name__}: {error}") from error
        except httpx.HTTPError as error:
            raise self._refused(path, f"{type(error).__name__}: {error}") from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
            wait = _asked_for(response)
            if wait is not None and wait > LONGEST_WAIT_SECONDS:
                host = self._client.base_url.host
                raise RetryLaterError(f"{host}{path}: status {response.status_code}, asks to wait {wait:.0f} s", wait)
            raise _PassingError(f"status {response.status_code}", wait)
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise self._refused(path, f"status {response.status_code}: the token is missing, wrong or may not do this")
        if response.status_code != httpx.codes.OK:
            raise self._refused(path, f"status {response.status_code}")
        try:
            return response.json(parse_constant=_no_number)
        except ValueError as error:
            raise _PassingError("the answer is not JSON, or was cut off") from error

    def _refused(self, path: str, reason: str) -> SourceError:
        return SourceError(f"{self._client.base_url.host}{path}: {reason}")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")  # Python would take NaN, PostgreSQL does not


@cache
def _limiter(url: str, rates: tuple[Rate, ...]) -> Limiter:
    del url  # a limiter a host
    return Limiter(list(rates))


def _asked_for(response: httpx.Response) -> float | None:
    """Seconds of ``Retry-After``, which is a number or a date (RFC 9110, section 10.2.3)."""
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


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _PassingError) else None
    return asked if asked is not None else _BACKOFF(state)


def _tell(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.info("%s: %s; again in %.0f s", state.args[0], error, state.next_action.sleep if state.next_action else 0)
