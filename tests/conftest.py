"""Servers, data and rules that all tests share."""

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from cli.stack.temporary import TemporaryServers
from tests.testkit.databases import TEMPLATE, database, migrate_template
from tests.testkit.paths import SHARED_DATA
from tests.testkit.servers import ENVIRONMENT, mlflow_server

pytest_plugins = [
    "tests.testkit.toy_league",
    "tests.testkit.published_models",
    "tests.testkit.service",
    "tests.testkit.sink",
    "tests.testkit.own_servers",
    "tests.testkit.assets",
    "tests.testkit.announced_matches",
    "tests.testkit.dagster_webserver",
]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SERVERS] = None


UNIT = Path(__file__).parent / "unit"

SERVERS = pytest.StashKey[TemporaryServers | None]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """The controller starts the servers; workers find them in the environment."""
    if ENVIRONMENT in os.environ or session.config.option.collectonly or runs_without_servers(session.config):
        return
    servers = TemporaryServers()
    session.config.stash[SERVERS] = servers
    try:
        servers.start()
        migrate_template(servers)
    except BaseException:
        servers.stop()
        raise
    ports = {name: getattr(servers, name) for name in ("postgres_port", "redis_port", "mongo_port")}
    os.environ[ENVIRONMENT] = json.dumps(ports)


def runs_without_servers(config: pytest.Config) -> bool:
    """Whether only unit tests were asked for: they need no server."""
    return all(Path(argument.split("::", maxsplit=1)[0]).resolve().is_relative_to(UNIT) for argument in config.args)


def pytest_unconfigure(config: pytest.Config) -> None:
    servers = config.stash.get(SERVERS, None)
    if servers is not None:
        servers.stop()
        os.environ.pop(ENVIRONMENT, None)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of a module run on one worker, so that what they share is made once.

    Tests on real matches run in CI, and wherever the matches are; elsewhere they are left out, with one line."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::", maxsplit=1)[0]))
    if SHARED_DATA.is_dir():
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(f"CI needs the real matches: {SHARED_DATA} is missing")
    real = [item for item in items if item.get_closest_marker("real_data")]
    if real:
        items[:] = [item for item in items if not item.get_closest_marker("real_data")]
        config.hook.pytest_deselected(items=real)
        if not hasattr(config, "workerinput"):
            print(f"left out: {len(real)} tests on real matches, {SHARED_DATA} is missing")


@pytest.fixture(scope="session")
def servers() -> dict[str, int]:
    ports: dict[str, int] = json.loads(os.environ[ENVIRONMENT])
    return ports


@pytest.fixture
def postgres_url(servers: dict[str, int]) -> Iterator[str]:
    """A migrated database of its own."""
    yield from database(servers, TEMPLATE)


@pytest.fixture
def empty_postgres_url(servers: dict[str, int]) -> Iterator[str]:
    """A database of its own, without tables."""
    yield from database(servers, "template0")


@pytest.fixture
def redis_url(servers: dict[str, int], worker_number: int) -> str:
    """A Redis database of the worker's own, empty. Channels are shared by all databases: use a name of your own."""
    url = f"redis://127.0.0.1:{servers['redis_port']}/{worker_number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def worker_number() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture
def mongo_url(servers: dict[str, int]) -> str:
    return f"mongodb://127.0.0.1:{servers['mongo_port']}/?directConnection=true"


@pytest.fixture
def mongo_database() -> str:
    """Name of a MongoDB database of the test's own."""
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def mlflow_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as url:
        yield url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    return SHARED_DATA
