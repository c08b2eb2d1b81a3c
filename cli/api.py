"""Client of the running API: log in and send requests; every failure becomes one clear line."""

from types import TracebackType
from typing import Any, Self

import httpx

from cli.http_client import http_client

REQUEST_SECONDS = 30.0
MAP_PATH = "/forecast/get_team1_win_probability"
SERIES_PATH = "/forecast/series"


class ApiError(Exception):
    """The API rejected a request, or cannot be reached.

    Attributes:
        status: HTTP status, or None without an answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """A session with the API at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = http_client(self.url, REQUEST_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def request(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request and return the decoded answer.

        Raises:
            ApiError: If the API cannot be reached, or answers with a problem, whose message it carries.
        """
        try:
            response = self._client.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise ApiError(
                f"the API at {self.url} cannot be reached ({error}); is it running? see: cs2 status"
            ) from error
        if response.is_success:
            return response.json() if response.content else None
        raise ApiError(_problem(response), status=response.status_code)

    def register(self, username: str, password: str) -> None:
        """Create an account."""
        self.request("POST", "/auth/register", json={"username": username, "password": password})

    def log_in(self, username: str, password: str) -> None:
        """Get a token and send it with all further requests."""
        token = self.request("POST", "/auth/login", data={"username": username, "password": password})
        self._client.headers["Authorization"] = f"Bearer {token['access_token']}"

    def forecast(self, **question: Any) -> dict[str, Any]:
        """Request the forecast of one map; the arguments are the fields of ``ForecastRequest``."""
        answer: dict[str, Any] = self.request("POST", MAP_PATH, json=question)
        return answer


def _problem(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"{response.request.method} {response.request.url}: status {response.status_code}"
    detail = problem.get("detail") or problem.get("title") or f"status {response.status_code}"
    return str(detail)
