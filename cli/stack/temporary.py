"""Servers in a temporary folder, for tests and benchmarks."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from cli.stack import servers
from cli.stack.postgres import SUPERUSER, as_user, prepare

START_SECONDS = 90.0
STOP_SECONDS = 10.0


class TemporaryServers:
    """PostgreSQL, Valkey and a MongoDB-wire server on free ports. Fast, and without protection against power cuts."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cs2-servers-"))
        self.folder.chmod(0o755)  # PostgreSQL's system user has to enter it if root starts the servers
        self._processes: list[subprocess.Popen[bytes]] = []
        self.postgres_port, self.redis_port, self.mongo_port = (servers.free_port() for _ in range(3))

    def start(self) -> None:
        """Start the servers and wait until they answer.

        Raises:
            TimeoutError: If one does not answer.
        """
        postgres = prepare(self.folder)
        fast = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
        self._run(postgres.command(self.postgres_port, *fast), user=postgres.user)
        self._run(servers.valkey_command(self.redis_port, self.folder))
        self._run(servers.mongo_command(self.mongo_port, self.folder / "mongo"))
        wait_until_healthy(lambda: servers.postgres_check(self.postgres_url("postgres")), "PostgreSQL")
        wait_until_healthy(lambda: servers.redis_check(self.redis_url(0)), "Valkey")
        wait_until_healthy(lambda: servers.mongo_check(self.mongo_url()), "the MongoDB-wire server")

    def postgres_url(self, database: str) -> str:
        """URL of a database of PostgreSQL."""
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self.postgres_port}/{database}"

    def redis_url(self, database: int) -> str:
        """URL of a database of Valkey."""
        return f"redis://127.0.0.1:{self.redis_port}/{database}"

    def mongo_url(self) -> str:
        """URL of the MongoDB-wire server."""
        return f"mongodb://127.0.0.1:{self.mongo_port}/?directConnection=true"

    def stop(self) -> None:
        """Stop the servers and delete their folder."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: list[str], *, user: str | None = None) -> None:
        with (self.folder / f"{Path(command[0]).name}.log").open("wb") as log:
            process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **as_user(user))  # type: ignore[call-overload]
        self._processes.append(process)


def wait_until_healthy(check: servers.Check, name: str, seconds: float = START_SECONDS) -> None:
    """Repeat a check until it succeeds.

    Raises:
        TimeoutError: If it still fails after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while (problem := check()) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} did not start within {seconds:.0f} s: {problem}")
        time.sleep(0.05)
