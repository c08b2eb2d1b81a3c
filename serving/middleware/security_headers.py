"""Headers that tell browsers what they may not do with an answer."""

from collections.abc import Awaitable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_PAGE = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Content-Security-Policy of an answer that is no page: nothing of it may be loaded, run or framed."""

_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),  # answers hold what only the bearer of the token may see
]


class SecurityHeaders:
    """ASGI middleware around everything else, so that refusals and failures have the headers as well.

    Strict-Transport-Security is not among them: this service speaks plain HTTP to a proxy, which knows of the
    certificate.
    """

    def __init__(self, app: ASGIApp, pages: dict[str, str]) -> None:
        """Wrap an application.

        Args:
            app: The application.
            pages: Content-Security-Policy by path, of what is a page.
        """
        self._app = app
        self._of_pages = {path: _headers(policy) for path, policy in pages.items()}
        self._of_data = _headers(NO_PAGE)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request; no coroutine of its own, for it stands in the way of every forecast."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        headers = self._of_pages.get(scope["path"], self._of_data)

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            return send(message)

        return self._app(scope, receive, send_with_headers)


def _headers(policy: str) -> Sequence[tuple[bytes, bytes]]:
    return [*_ALWAYS, (b"content-security-policy", policy.encode())]
