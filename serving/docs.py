"""The API's page for people: FastAPI's Swagger UI, under a policy that lets only its own scripts run."""

import re
from base64 import b64encode
from hashlib import sha256
from urllib.parse import urljoin

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

PATH = "/docs"
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_LOADED = re.compile(r'<(?:script src|link type="text/css" rel="stylesheet" href)="([^"]+)"')


def add_page(app: FastAPI) -> str:
    """Serve the page at :data:`PATH`.

    Returns:
        Its Content-Security-Policy.
    """
    page = get_swagger_ui_html(openapi_url=app.openapi_url or "", title=app.title, swagger_favicon_url="data:,")

    @app.get(PATH, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page.body)

    return _policy(bytes(page.body).decode())


def _policy(page: str) -> str:
    """What the page itself holds and names may run: the inline script by its hash, the rest by its folder."""
    scripts = [b64encode(sha256(script.encode()).digest()).decode() for script in _INLINE_SCRIPT.findall(page)]
    folders = " ".join(sorted({urljoin(url, ".") for url in _LOADED.findall(page)}))
    hashes = " ".join(f"'sha256-{script}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes} {folders}; style-src 'unsafe-inline' {folders}; img-src data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
