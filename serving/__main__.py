"""``python -m serving``: the service under uvicorn. Behind a balancer its stop fails no request."""

import argparse
import asyncio
import contextlib
import socket
import sys

import uvicorn

from cs2.logs import configure_logs

LINGER_SECONDS = 1.0
"""So long connections that were made may still bring their request, before idle ones are closed."""

KEEP_ALIVE_SECONDS = 75
"""So long an idle connection stays open: longer than clients and balancers keep one (httpx 5 s, nginx and AWS 60 s).

Whoever closes first decides who meets a closed door. uvicorn's own 5 s, the same as httpx's, met requests that were
just on their way, and a client may not repeat a POST.
"""


class Server(uvicorn.Server):
    """Closes the door first, then answers whoever is inside.

    uvicorn's own stop resets connections that wait to be accepted and closes those whose request was not read yet: a
    balancer has sent it, and may not repeat a POST. Where nobody listens, it asks the next API.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        loop = asyncio.get_running_loop()
        waiting = [connection for listener in sockets or () for connection in _close(listener)]
        for server in self.servers:
            server.close()
        for connection in waiting:
            await loop.connect_accepted_socket(self._protocol, connection)
        ends = loop.time() + LINGER_SECONDS
        await asyncio.sleep(0.1)
        while self.server_state.connections and loop.time() < ends:
            await asyncio.sleep(0.01)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


def _close(listener: socket.socket) -> list[socket.socket]:
    """Refuse connections from now on; those that were waiting."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(listener.accept()[0])
    listener.shutdown(socket.SHUT_RDWR)  # at once: `close` leaves it to the loop, which has it too
    return found


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m serving", description="The forecast service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    told = parser.parse_args()
    config = uvicorn.Config(
        "serving.app:create_app",
        factory=True,
        host=told.host,
        port=told.port,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    configure_logs()  # uvicorn's configuration has just set its own
    server = Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[config.bind_socket()])
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    main()
