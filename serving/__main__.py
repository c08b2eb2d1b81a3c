"""``python -m serving``: the service under uvicorn."""

import argparse
import asyncio
import contextlib
import ctypes
import socket
import struct
import sys

import uvicorn

from cs2.logs import configure_logs
from cs2.settings import get_settings

HANDSHAKE_SECONDS = 1.0
"""Time for clients to complete a handshake and send their request, after the last SYN was accepted."""

KEEP_ALIVE_SECONDS = 75
"""Idle connections stay open longer than clients and balancers use them (httpx 5 s, nginx and AWS 60 s).

If the server closes first, it may close a connection on which a request is arriving.
"""

SO_ATTACH_FILTER = 26  # socket(7); Python has no name for it
IGNORE_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
"""Classic BPF: load byte 13 of the TCP header; if its SYN bit is set, drop the packet, else accept it."""


class Server(uvicorn.Server):
    """Stops in three steps, so that no request behind a balancer is lost.

    1. ``/health/ready`` answers 503, and each answer closes its connection. All requests are still served.
    2. The kernel ignores new connections. Connections that are open or on their way are still served.
    3. The listener closes, so that new connections are refused.

    Without step 2, closing the listener resets the connections that wait to be accepted. A balancer may have sent a
    POST on them, which it must not repeat. A connection without an answer to its SYN is safe to repeat.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the server."""
        self.lifespan.state["services"].stopping.set()
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(get_settings().drain_seconds)
        for listener in sockets or ():
            ignore_new_connections(listener)
        await asyncio.sleep(HANDSHAKE_SECONDS)
        await super().shutdown(sockets)


def ignore_new_connections(listener: socket.socket) -> None:
    """Drop each SYN from now on. Only Linux can; elsewhere the listener stays as it is."""
    if sys.platform == "linux":
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in IGNORE_SYN))
        program = struct.pack("HL", len(IGNORE_SYN), ctypes.addressof(code))
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m serving", description="The forecast service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    config = uvicorn.Config(
        "serving.app:create_app",
        factory=True,
        host=arguments.host,
        port=arguments.port,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    configure_logs()  # replaces the configuration of uvicorn.Config
    server = Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[config.bind_socket()])
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    main()
