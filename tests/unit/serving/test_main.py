"""How the server stops accepting connections."""

import socket
import sys

import pytest

from serving.__main__ import ignore_new_connections


@pytest.mark.skipif(sys.platform != "linux", reason="left out: only Linux can ignore new connections")
def test_ignored_connections_never_wait_to_be_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as late:
        address = listener.getsockname()
        with socket.create_connection(address) as early:
            early.sendall(b"sent before the stop")
            ignore_new_connections(listener)
            late.settimeout(0.2)
            with pytest.raises(TimeoutError):
                late.connect(address)
            early.sendall(b", and after it")
            early.shutdown(socket.SHUT_WR)
            accepted, _ = listener.accept()
            with accepted, accepted.makefile("rb") as received:
                assert received.read() == b"sent before the stop, and after it"
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
