"""The embedded stack recovers from crashes, runs in private folders, and reports failed starts."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from cli.stack import running
from cli.stack.errors import StackError
from cli.stack.layout import load
from cli.stack.leftovers import end_leftovers, owned_processes
from cli.stack.postgres import PRIVATE_ROOT, prepare, private_folder
from tests.testkit.waiting import wait_until

CS2 = [sys.executable, "-m", "cli"]
UP = "Press Ctrl-C to stop"
PATIENCE = 240
"""Longest wait in seconds for any condition."""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder with a space in its path, below a folder without access for other users."""
    closed = tmp_path / "closed to others"
    closed.mkdir(mode=0o700)
    folder = closed / "data"
    yield folder
    end_leftovers(folder)
    shutil.rmtree(private_folder(folder), ignore_errors=True)  # other workers' stacks keep their folders


class Up:
    """A ``cs2 up`` process in its own process group, as on a terminal."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.output = data.parent / "up.out"
        with self.output.open("w") as output:
            command = [*CS2, "up", "--data-dir", str(data), *arguments]
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    def has_printed(self, text: str) -> bool:
        return text in " ".join(self.output.read_text().split())  # the output wraps at the terminal's width

    def wait_until_up(self) -> None:
        wait_until(lambda: self.has_printed(UP) or self.process.poll() is not None, "the stack")
        assert self.has_printed(UP), self.output.read_text()


def down(data: Path) -> str:
    command = [*CS2, "down", "--data-dir", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def execute(data: Path, statement: str) -> list[tuple[Any, ...]]:
    layout = load(data)
    assert layout is not None
    with psycopg.connect(layout.database("cs2").replace("+psycopg", "")) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.stack
@pytest.mark.timeout(900)
def test_down_ends_the_processes_of_a_crashed_stack(data: Path) -> None:
    first = Up(data)
    first.wait_until_up()
    assert data.parent.stat().st_mode & 0o777 == 0o700, "the stack keeps the modes of the user's folders"
    if os.geteuid() == 0:
        assert str(PRIVATE_ROOT) in first.output.read_text().replace("\n", ""), "the output names PostgreSQL's folder"
    execute(data, "CREATE TABLE kept AS SELECT 7 AS number")

    managers = psutil.Process(first.process.pid).children()
    assert managers, "the command has the process manager as a child"
    first.process.kill()
    first.process.wait()
    for manager in managers:
        manager.kill()
    assert owned_processes(data)
    assert "ended" in down(data)
    assert owned_processes(data) == []
    layout = load(data)
    assert layout is not None
    for port in layout.ports.values():
        with socket.socket() as probe, suppress(ConnectionRefusedError):
            probe.connect(("127.0.0.1", port))
            pytest.fail(f"a process still listens on {port}")

    second = Up(data)
    second.wait_until_up()
    assert execute(data, "SELECT number FROM kept") == [(7,)]
    os.kill(second.process.pid, signal.SIGINT)
    os.kill(second.process.pid, signal.SIGINT)
    assert second.process.wait(PATIENCE) == 0, second.output.read_text()
    assert owned_processes(data) == []


def test_a_taken_port_is_named_with_its_service(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = Up(data, "--port", f"api={port}")
        assert up.process.wait(PATIENCE) == 1
    assert up.has_printed(f"port {port}, requested for api, is taken")
    assert not up.has_printed("Traceback")
    assert owned_processes(data) == []


@pytest.mark.parametrize("port", ["api", "api=x", "api=0"])
def test_an_invalid_port_is_wrong_input(data: Path, port: str) -> None:
    up = Up(data, "--port", port)
    assert up.process.wait(PATIENCE) == 2
    assert not up.has_printed("Traceback")


def test_down_without_a_stack_reports_it(data: Path) -> None:
    assert "nothing of the stack" in down(data)


def test_a_failing_server_is_named_with_its_last_lines(data: Path) -> None:
    """The data folder of another version of PostgreSQL, as after a downgrade."""
    data.mkdir()
    version = prepare(data).data / "PG_VERSION"
    version.write_text("9.6\n")
    up = Up(data)
    assert up.process.wait(PATIENCE) == 1
    assert up.has_printed("postgres cannot start")
    assert up.has_printed("database files are incompatible with server")
    assert not up.has_printed("Traceback")
    assert owned_processes(data) == []


def test_a_removed_folder_removes_the_database(data: Path) -> None:
    """The database is removed even if it is elsewhere because PostgreSQL's user cannot access the folder."""
    for is_kept in (False, True, False):
        data.mkdir(exist_ok=True)
        server = prepare(data)
        assert (server.data / "mine").exists() is is_kept
        (server.data / "mine").touch()
        if is_kept:
            shutil.rmtree(data)
    assert (server.data / "PG_VERSION").exists()


def test_a_full_disk_is_reported_before_the_start(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MIN_FREE_MB", 10**9)
    with pytest.raises(StackError, match=f"the disk of {data} has [0-9]+ MB left"), running.running_stack(data):
        pytest.fail("it started")
    assert owned_processes(data) == []
