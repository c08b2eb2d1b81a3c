"""HTTP clients of the commands."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


def http_client(url: str, timeout_seconds: float) -> "httpx.Client":
    """Create a client of a server. It loads certificates, which takes 50 ms, only for HTTPS."""
    import httpx

    return httpx.Client(base_url=url, timeout=timeout_seconds, verify=url.startswith("https:"))
