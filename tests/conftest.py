"""Servers and data that all tests share, and the order in which tests run."""

import gc
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
from threadpoolctl import threadpool_limits

from cli.stack.temporary import TemporaryServers
from tests.testkit.databases import TEMPLATE, database, migrate_template, redis_database
from tests.testkit.paths import SHARED_DATA
from tests.testkit.servers import ENVIRONMENT, MlflowServer, mlflow_server, wait_for_mlflow

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


UNIT, SYSTEM = (Path(__file__).parent / folder for folder in ("unit", "system"))

SERVERS = pytest.StashKey[TemporaryServers]()
MLFLOW = pytest.StashKey[MlflowServer]()


def pytest_configure() -> None:
    """Compute on one core a process: workers that spin for each other's cores made four fits take minutes."""
    threadpool_limits(1, user_api="openmp")
    # No example fails because the machine is busy.
    hypothesis.settings.register_profile(
        "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("any-machine")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers in the controller; workers read their ports from the environment."""
    config = session.config
    if ENVIRONMENT in os.environ or config.option.collectonly or runs_without_servers(config):
        return
    servers = config.stash[SERVERS] = TemporaryServers()
    ports = {name: getattr(servers, name) for name in ("postgres_port", "redis_port", "mongo_port")}
    try:
        servers.start()
        if config.getoption("numprocesses", None):
            mlflow = config.stash[MLFLOW] = MlflowServer(servers.folder / "mlflow")
            mlflow.launch()  # no wait: other tests run while it migrates its database
            ports["mlflow_port"] = mlflow.port
        migrate_template(servers)
    except BaseException:
        stop_servers(config)
        raise
    os.environ[ENVIRONMENT] = json.dumps(ports)


def runs_without_servers(config: pytest.Config) -> bool:
    """Return whether all arguments are below tests/unit, whose tests need no server."""
    return all(Path(argument.split("::", maxsplit=1)[0]).resolve().is_relative_to(UNIT) for argument in config.args)


def stop_servers(config: pytest.Config) -> None:
    for key in (MLFLOW, SERVERS):  # MLflow's files are in the folder that the others remove
        if server := config.stash.get(key, None):
            server.stop()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers that this process started."""
    if SERVERS in config.stash:
        stop_servers(config)
        os.environ.pop(ENVIRONMENT, None)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group tests by module, start with the system tests, and leave out tests whose data is missing.

    A group runs on one worker, so that its fixtures are made once. The system tests are one group: two whole stacks at
    once take longer on two cores than one after the other. Workers take groups in the order of collection, so this
    longest group goes first, and the other worker runs all other tests meanwhile.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(SYSTEM))
    for item in items:
        module = item.nodeid.split("::", maxsplit=1)[0]
        item.add_marker(pytest.mark.xdist_group("system" if item.path.is_relative_to(SYSTEM) else module))
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


def pytest_collection_finish() -> None:
    """Exclude all modules from garbage collection: a full collection takes half a second with them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def servers() -> dict[str, int]:
    """Ports of the servers, by name."""
    ports: dict[str, int] = json.loads(os.environ[ENVIRONMENT])
    return ports


@pytest.fixture
def postgres_url(servers: dict[str, int]) -> Iterator[str]:
    """Address of a new, migrated database."""
    yield from database(servers, TEMPLATE)


@pytest.fixture
def empty_postgres_url(servers: dict[str, int]) -> Iterator[str]:
    """Address of a new database without tables."""
    yield from database(servers, "template0")


@pytest.fixture
def redis_url(servers: dict[str, int], worker_number: int) -> str:
    """Address of the worker's Redis database, emptied. All databases share their channels: use unique names."""
    url = redis_database(servers, worker_number)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def worker_number() -> int:
    """Number of the xdist worker, 0 without xdist."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(scope="session")
def mongo_url(servers: dict[str, int]) -> str:
    """Address of the MongoDB-wire server."""
    return f"mongodb://127.0.0.1:{servers['mongo_port']}/?directConnection=true"


@pytest.fixture
def mongo_database() -> str:
    """Name of a new MongoDB database."""
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def mlflow_url(servers: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an MLflow server: the run's where xdist runs the tests, else one of the session's own."""
    if "mlflow_port" in servers:
        yield wait_for_mlflow(servers["mlflow_port"])
    else:
        with mlflow_server(tmp_path_factory.mktemp("mlflow")) as url:
            yield url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real matches."""
    return SHARED_DATA
