"""A closed output, as in ``cs2 demo | head``, shuts the stack down cleanly."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.stack.leftovers import end_leftovers, owned_processes

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


@contextmanager
def read_until(line: str, command: str, folder: Path, data: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the command and close its output after a line."""
    for above in [folder, *folder.parents[:2]]:
        above.chmod(0o755)
    arguments = [sys.executable, "-m", "cli", command, "--data-dir", str(folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        try:
            assert any(text.startswith(line) for text in started.stdout), started.stderr.read()
            assert owned_processes(data), "the servers are running"
            started.stdout.close()
            yield started
        finally:
            started.kill()
            started.wait()
            end_leftovers(data)


def test_a_demo_with_a_closed_output_ends_its_servers(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    with read_until("postgres is up", "demo", tmp_path, data) as demo:
        assert demo.wait(150) == 1
        assert owned_processes(data) == []


def test_a_stack_with_a_closed_output_ends_its_servers(tmp_path: Path) -> None:
    with read_until("Press Ctrl-C to stop", "up", tmp_path, tmp_path) as stack:
        stack.send_signal(signal.SIGTERM)
        stack.wait(150)
        assert owned_processes(tmp_path) == []


def test_the_demo_refuses_a_source_with_an_external_api(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "demo", "--source", "bo3gg", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "cs2 up --source bo3gg" in " ".join(done.stderr.split())
