"""Security headers: what a browser must not do with an answer."""

from collections.abc import Awaitable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Content-Security-Policy of data: a browser must not load, run or frame anything."""

_COMMON_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),  # only the bearer of the token may see an answer
]


class SecurityHeaders:
    """ASGI middleware that adds the headers to every answer, including errors.

    The proxy in front sets Strict-Transport-Security: it has the certificate, and this service speaks plain HTTP.
    """

    def __init__(self, app: ASGIApp, pages: dict[str, str]) -> None:
        """Wrap an application.

        Args:
            app: The application.
            pages: Content-Security-Policy of each HTML page, by path.
        """
        self._app = app
        self._page_headers = {path: _headers_with(policy) for path, policy in pages.items()}
        self._data_headers = _headers_with(NO_CONTENT_POLICY)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request. Plain functions: a coroutine would slow down every forecast."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        headers = self._page_headers.get(scope["path"], self._data_headers)

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            return send(message)

        return self._app(scope, receive, send_with_headers)


def _headers_with(policy: str) -> Sequence[tuple[bytes, bytes]]:
    return [*_COMMON_HEADERS, (b"content-security-policy", policy.encode())]
