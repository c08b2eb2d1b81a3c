"""The page of the API's documentation: FastAPI's Swagger UI with a Content-Security-Policy."""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

PATH = "/docs"
SCRIPT = f"{PATH}/swagger-ui-bundle.js"
STYLE = f"{PATH}/swagger-ui.css"
"""Served by this process: the page loads nothing from other servers."""

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def add_page(app: FastAPI) -> str:
    """Serve the page at :data:`PATH`, and the two files that it loads.

    Returns:
        The Content-Security-Policy of the page.
    """
    page = get_swagger_ui_html(
        openapi_url=app.openapi_url or "",
        title=app.title,
        swagger_js_url=SCRIPT,
        swagger_css_url=STYLE,
        swagger_favicon_url="data:,",
    )

    @app.get(PATH, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page.body)

    # The package is installed unpacked, so that its files have paths.
    folder = Path(str(resources.files("fastapi_offline"))) / "static"
    for url in (SCRIPT, STYLE):
        app.add_route(url, _file_endpoint(folder / Path(url).name), include_in_schema=False)
    return _policy(bytes(page.body).decode())


def _file_endpoint(file: Path) -> Callable[[Request], Awaitable[FileResponse]]:
    async def send(_: Request) -> FileResponse:
        return FileResponse(file)

    return send


def _policy(page: str) -> str:
    """Allow the page's inline script, by its hash, and files of this server; forbid everything else."""
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in _INLINE_SCRIPT.findall(page)
    )
    return (
        f"default-src 'none'; script-src {hashes} 'self'; style-src 'unsafe-inline' 'self'; img-src data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
