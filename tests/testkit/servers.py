"""Real servers for the tests, on free ports, started once a run and shared by its workers."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cli.stack import servers
from cli.stack.postgres import SUPERUSER, as_user, prepare

ENVIRONMENT = "CS2_TEST_SERVERS"
WAIT_SECONDS = 90


class TestServers:
    """PostgreSQL, Valkey and a MongoDB-wire server in a temporary folder."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cs2-tests-"))
        self.folder.chmod(0o755)  # PostgreSQL's user has to enter it when root runs the tests
        self._children: list[subprocess.Popen[bytes]] = []
        self.postgres_port, self.redis_port, self.mongo_port = (servers.free_port() for _ in range(3))

    def start(self) -> None:
        postgres = prepare(self.folder)
        quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
        self._run(postgres.command(self.postgres_port, *quick), user=postgres.user)
        self._run(servers.valkey_command(self.redis_port, self.folder))
        self._run(servers.mongo_command(self.mongo_port, self.folder / "mongo"))
        wait_until_well(lambda: servers.postgres_check(self.postgres_url("postgres")), "PostgreSQL")
        wait_until_well(lambda: servers.redis_check(self.redis_url(0)), "Valkey")
        wait_until_well(lambda: servers.mongo_check(self.mongo_url()), "the MongoDB-wire server")

    def postgres_url(self, database: str) -> str:
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self.postgres_port}/{database}"

    def redis_url(self, database: int) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/{database}"

    def mongo_url(self) -> str:
        return f"mongodb://127.0.0.1:{self.mongo_port}/?directConnection=true"

    def _run(self, command: list[str], *, user: str | None = None) -> None:
        with (self.folder / f"{Path(command[0]).name}.log").open("wb") as log:
            child = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **as_user(user))
        self._children.append(child)

    def stop(self) -> None:
        for child in self._children:
            child.terminate()
        for child in self._children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_until_well(check: servers.Check, name: str, seconds: float = WAIT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while (wrong := check()) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} did not start within {seconds:.0f} s: {wrong}")
        time.sleep(0.05)


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """A tracking server that proxies its artifacts."""
    port = servers.free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "blobs"),
    ]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "mlflow.log").open("wb") as log:
        child = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until_well(lambda: servers.http_check(f"http://127.0.0.1:{port}/health"), "MLflow", seconds=180)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(child.pid, 15)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            child.wait()
