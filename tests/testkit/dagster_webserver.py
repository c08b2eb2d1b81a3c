"""A real Dagster webserver whose jobs are toys (see ``toy_definitions``)."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.run_outcome import RunOutcome
from cli.runs import DagsterRuns, follow_to_the_end
from cli.stack import servers
from cli.stack.temporary import wait_until_healthy
from tests.testkit.paths import ROOT

TOYS = ROOT / "tests" / "testkit" / "toy_definitions.py"


@pytest.fixture(scope="session")
def dagster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a webserver with the toy jobs."""
    with webserver(tmp_path_factory.mktemp("dagster"), "DefaultRunCoordinator") as url:
        yield url


@contextmanager
def webserver(home: Path, coordinator: str) -> Iterator[str]:
    """Run Dagster's webserver with the toy jobs, and no daemon."""
    (home / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        f"run_coordinator: {{module: dagster.core.run_coordinator, class: {coordinator}}}\n"
    )
    port = servers.free_port()
    command = [servers.script("dagster-webserver"), "-f", str(TOYS), "-h", "127.0.0.1", "-p", str(port)]
    url = f"http://127.0.0.1:{port}"
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "DAGSTER_HOME": str(home)}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until_healthy(lambda: servers.http_check(f"{url}/server_info"), "dagster-webserver")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # the webserver starts code servers of its own
        process.wait(timeout=60)


def run_toy(url: str, console: Console, **ops: Any) -> RunOutcome:
    """Run the toy job to its end; each op with its configuration."""
    with DagsterRuns(url) as runs:
        config = {"ops": {name: {"config": story} for name, story in ops.items()}}
        return follow_to_the_end(runs, runs.launch("train_job", run_config=config), console)
