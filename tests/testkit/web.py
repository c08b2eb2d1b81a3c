"""A local server that answers as a test says: real sockets, real HTTP, one process."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Reply:
    """One answer; ``body`` is sent as it is, or as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_off: bool = False
    """Announce more than is sent, and hang up."""
    seconds: float = 0.0
    """Say nothing for so long."""


@dataclass
class Request:
    path: str
    params: dict[str, str]
    headers: dict[str, str]


Answer = Callable[[Request], Reply]


@dataclass
class Site:
    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def site(answer: Answer) -> Iterator[Site]:
    """Serve until the block ends."""
    found = Site("")
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            request = Request(parts.path, dict(parse_qsl(parts.query)), dict(self.headers))
            found.requests.append(request)
            reply = answer(request)
            if reply.seconds and stopping.wait(reply.seconds):
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if reply.cut_off else body)
            self.close_connection = reply.cut_off

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
