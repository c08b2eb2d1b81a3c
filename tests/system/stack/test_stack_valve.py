"""``cs2 demo --source valve`` with real servers and a local git repository of Valve's sample."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from cli.stack.leftovers import owned_processes
from tests.testkit.repositories import commit

pytestmark = [pytest.mark.stack, pytest.mark.real_data, pytest.mark.timeout(900)]


def test_the_demo_completes_with_a_source_without_maps(tmp_path: Path, shared_data: Path) -> None:
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        folder.chmod(0o755)
    host, data = tmp_path / "host", tmp_path / "data"
    with tarfile.open(shared_data / "valve_vrs_sample.tar.gz") as sample:
        sample.extractall(host, filter="data")
    commit(host)
    command = [sys.executable, "-m", "cli", "demo", "--source", "valve", "--data-dir", str(data)]
    environment = {**os.environ, "CS2_VALVE_URL": str(host), "COLUMNS": "160"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "They contain series results without maps" in done.stdout
    assert "The data ends on 2026-01-05; the service gets the data through 2025-12-22." in done.stdout
    announced = re.search(r"for the (\d+) series after 2025-12-22", done.stdout)
    assert announced is not None
    count = announced[1]
    assert int(count) > 20
    assert f"Read back from MongoDB by id: {count} of {count} forecasts found." in done.stdout
    assert "Automatic forecasts: none, because the source announces no matches." in done.stdout
    assert owned_processes(data / "demo") == []
