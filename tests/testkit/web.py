"""Local HTTP server whose responses a test defines: real sockets, real HTTP, one process."""

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
    """One response; ``body`` is bytes, or is sent as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_off: bool = False
    """Send half of the body and close the connection."""
    seconds: float = 0.0
    """Seconds to wait, then close the connection without a response."""


@dataclass
class Request:
    path: str
    params: dict[str, str]
    headers: dict[str, str]


Responder = Callable[[Request], Reply]


@dataclass
class Site:
    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def site(responder: Responder) -> Iterator[Site]:
    """Serve until the block ends."""
    server = Site("")
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            request = Request(parts.path, dict(parse_qsl(parts.query)), dict(self.headers))
            server.requests.append(request)
            reply = responder(request)
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
            """Log nothing."""

    http_server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http_server.daemon_threads = True
    server.url = f"http://127.0.0.1:{http_server.server_port}"
    thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        stopping.set()
        http_server.shutdown()
        thread.join()
        http_server.server_close()
