"""MLflow for the tests; the other servers are :class:`cli.stack.temporary.TemporaryServers`."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cli.stack import servers
from cli.stack.temporary import wait_until_healthy
from tests.testkit.waiting import HANG_SECONDS

ENVIRONMENT = "CS2_TEST_SERVERS"
"""Environment variable with the ports of the servers, as JSON."""


class MlflowServer:
    """A tracking server that proxies its artifacts. It needs half a minute to start: it migrates its database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, servers.free_port()
        self._child: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        self.folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", str(self.folder / "blobs")]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "mlflow.log").open("wb") as log:
            self._child = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def wait_for_mlflow(port: int) -> str:
    """Wait until MLflow answers, and return its address."""
    url = f"http://127.0.0.1:{port}"
    wait_until_healthy(lambda: servers.http_check(f"{url}/health"), "MLflow", seconds=HANG_SECONDS)
    return url


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Run an MLflow server; the value is its address."""
    server = MlflowServer(folder)
    server.launch()
    try:
        yield wait_for_mlflow(server.port)
    finally:
        server.stop()
