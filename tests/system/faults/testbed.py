"""The processes under test, on free ports: four servers, two APIs and two sinks."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.stack import servers
from cli.stack.postgres import SUPERUSER, as_user, prepare
from cli.stack.temporary import wait_until_healthy
from cs2.settings import Settings
from tests.testkit.paths import ROOT
from tests.testkit.waiting import HANG_SECONDS

STOP_SECONDS = 30


@dataclass(slots=True)
class Process:
    """A process that can be started, stopped, killed and restarted on the same port and folder.

    Attributes:
        stop_signal: Signal that ends it cleanly.
        kills: Number of kills and stops.
        is_well: Whether it is running and passed its health check.
    """

    name: str
    command: list[str]
    check: servers.Check
    log: Path
    stop_signal: int = signal.SIGTERM
    user: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    kills: int = 0
    child: subprocess.Popen[bytes] | None = None
    is_well: bool = False

    @property
    def era(self) -> int | None:
        """Number of the current life, None while the process is down: it changes with each death."""
        return self.kills if self.is_well else None

    def launch(self) -> None:
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                self.command,
                cwd="/",
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self.environment},
                **as_user(self.user),
            )

    def wait(self) -> None:
        wait_until_healthy(self.check, self.name, HANG_SECONDS)
        self.is_well = True

    def end(self, number: int | None = None) -> None:
        """Send a signal, by default ``stop_signal``, to the process group and wait until it ends."""
        child, self.child, self.is_well = self.child, None, False
        if child is None:
            return
        self.kills += 1
        os.killpg(child.pid, self.stop_signal if number is None else number)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def limit_files(self, size: int) -> None:
        """Limit each file of the process to ``size`` bytes, as a full disk would; -1 removes the limit."""
        assert self.child is not None
        _, hard = resource.prlimit(self.child.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.child.pid, resource.RLIMIT_FSIZE, (size, hard))


class Testbed:
    """All processes, in one temporary folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cs2-faults-"))
        self.folder.chmod(0o755)  # when root runs the tests, PostgreSQL's user needs access
        postgres = prepare(self.folder)
        pg, redis, mongo, mlflow = (servers.free_port() for _ in range(4))
        self.settings = Settings(
            database_url=f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{pg}/cs2",
            redis_url=f"redis://127.0.0.1:{redis}/0",
            mongo_url=f"mongodb://127.0.0.1:{mongo}/?directConnection=true",
            mlflow_url=f"http://127.0.0.1:{mlflow}",
        )
        self.maintenance_url = f"postgresql://{SUPERUSER}@127.0.0.1:{pg}/postgres"
        self.postgres = self._process(
            "PostgreSQL",
            postgres.command(pg),
            lambda: servers.postgres_check(self.maintenance_url),
            stop_signal=signal.SIGINT,
            user=postgres.user,
        )
        self.redis = self._process(
            "Redis",
            servers.valkey_command(redis, self.folder),
            lambda: servers.redis_check(self.settings.redis_url),
        )
        self.mongo = self._process(
            "MongoDB",
            servers.mongo_command(mongo, self.folder / "mongo"),
            lambda: servers.mongo_check(self.settings.mongo_url),
        )
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(mlflow)]
        command += ["--backend-store-uri", f"postgresql+psycopg2://{SUPERUSER}@127.0.0.1:{pg}/mlflow"]
        command += ["--workers", "1", "--artifacts-destination", str(self.folder / "blobs")]
        self.mlflow = self._process(
            "MLflow",
            command,
            lambda: servers.http_check(f"{self.settings.mlflow_url}/health"),
            environment={"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )
        self.apis = [self._api(number) for number in range(2)]
        sink = [sys.executable, "-m", "ingest_worker"]
        self.sinks = [self._process(f"sink {n}", sink, lambda: None, environment=self.environment) for n in range(2)]

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the APIs, the sinks and the publishing run."""
        names = ("database_url", "redis_url", "mongo_url", "mlflow_url")
        variables = {f"CS2_{name.upper()}": str(getattr(self.settings, name)) for name in names}
        return {
            **variables,
            "CS2_JWT_KEY": "k" * 40,
            "CS2_CLOCK_DATE": "2026-01-05",
            "PYTHONPATH": str(ROOT),
        }

    @property
    def stoppable(self) -> list[Process]:
        return [self.redis, self.mongo, self.postgres, self.mlflow]

    def start_servers(self) -> None:
        import psycopg

        from cs2.storage import migrate

        for process in (self.postgres, self.redis, self.mongo):
            process.launch()
        self.postgres.wait()
        with psycopg.connect(self.maintenance_url, autocommit=True) as connection:
            for name in ("cs2", "mlflow"):
                connection.execute(f"CREATE DATABASE {name}")
        self.mlflow.launch()
        migrate.upgrade(self.settings.database_url)
        for process in self.stoppable:
            process.wait()

    def start_parts(self) -> None:
        for process in (*self.apis, *self.sinks):
            process.launch()
        for process in self.apis:
            process.wait()

    def stop(self) -> None:
        for process in (*self.apis, *self.sinks, self.mlflow, self.redis, self.mongo, self.postgres):
            process.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fallback_file(self, api: Process) -> Path:
        return Path(api.environment["CS2_DATA_DIR"]) / "spool.jsonl"

    def url(self, api: Process) -> str:
        return api.environment["CS2_API_URL"]

    def _api(self, number: int) -> Process:
        port = servers.free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "serving", "--port", str(port)]
        variables = {"CS2_DATA_DIR": str(self.folder / f"api{number}"), "CS2_API_URL": url}
        return self._process(
            f"API {number}",
            command,
            lambda: servers.http_check(f"{url}/health/live"),
            environment={**self.environment, **variables},
        )

    def _process(self, name: str, command: list[str], check: servers.Check, **more: Any) -> Process:
        return Process(name, command, check, self.folder / f"{name.replace(' ', '-')}.log", **more)
