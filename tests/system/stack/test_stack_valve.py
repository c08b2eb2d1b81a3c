"""``cs2 demo --source valve``, from a local git repository made of Valve's sample to the history, with real servers."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from cli.stack.leftovers import owned_processes
from tests.testkit.repositories import commit

pytestmark = [pytest.mark.stack, pytest.mark.real_data, pytest.mark.xdist_group("stack"), pytest.mark.timeout(900)]


def test_the_demo_goes_the_whole_way_and_says_that_there_are_no_maps(tmp_path: Path, shared_data: Path) -> None:
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
    assert "They tell who won a series, and no maps" in done.stdout
    assert "The data ends on 2026-01-05; the service knows everything through 2025-12-22." in done.stdout
    asked = re.search(r"about the (\d+) series after 2025-12-22", done.stdout)
    assert asked is not None
    assert int(asked[1]) > 20
    assert f"Read back from MongoDB by id: {asked[1]} of {asked[1]} forecasts found." in done.stdout
    assert "Automatic forecasts: none, as the source announces no matches to come." in done.stdout
    assert owned_processes(data / "demo") == []
