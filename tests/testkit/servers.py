"""MLflow for the tests; the other servers are :class:`cli.stack.temporary.TemporaryServers`."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cli.stack import servers
from cli.stack.temporary import wait_until_healthy

ENVIRONMENT = "CS2_TEST_SERVERS"


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
        wait_until_healthy(lambda: servers.http_check(f"http://127.0.0.1:{port}/health"), "MLflow", seconds=180)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(child.pid, 15)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            child.wait()
