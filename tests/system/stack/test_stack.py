"""``cs2 up`` runs the whole stack, which updates data and models and ends without leftovers."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from psycopg import connect

from cli.api import Api, ApiError
from cli.stack.leftovers import owned_processes
from tests.testkit.archives import write_months
from tests.testkit.waiting import wait_until

pytestmark = [pytest.mark.stack, pytest.mark.real_data, pytest.mark.timeout(900)]

"""Long enough for two cores that also run other tests; alone it takes about one minute."""
CLIENT_KEEPS_SECONDS = 5.0
"""Seconds for which httpx keeps an idle connection."""


@dataclass
class RunningStack:
    """``cs2 up`` in its own process, as a user runs it."""

    data: Path
    watched: Path
    log: Path
    last_day: str
    ports: dict[str, int] = field(default_factory=dict)
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        command = [sys.executable, "-m", "cli", "up", "--data", str(self.watched), "--data-dir", str(self.data)]
        environment = {**os.environ, "CS2_RETRAIN_COOLDOWN_MINUTES": "0", "CS2_RETRAIN_AFTER_MAPS": "100"}
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        wait_until(
            lambda: self.process.poll() is not None or "Press Ctrl-C to stop" in self.log.read_text(),
            "the stack is up",
        )
        assert self.process.poll() is None, self.log.read_text()
        self.ports = json.loads((self.data / "stack.json").read_text())["ports"]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        for left in owned_processes(self.data):
            left.kill()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def status(self) -> dict[str, dict[str, Any]]:
        command = [sys.executable, "-m", "cli", "status", "--json", "--data-dir", str(self.data)]
        answer = subprocess.run(command, capture_output=True, check=False, timeout=60)
        return {service["name"]: service for service in json.loads(answer.stdout)["services"]}

    def ready(self) -> dict[str, Any] | None:
        with Api(self.url("api")) as api:
            try:
                answer: dict[str, Any] = api.request("GET", "/health/ready")
            except ApiError:
                return None
            return answer

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with connect(f"postgresql://cs2@127.0.0.1:{self.ports['postgres']}/cs2") as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[RunningStack]:
    base = tmp_path_factory.mktemp("a stack")  # a path with a space
    for folder in [base, *base.parents[:2]]:
        folder.chmod(0o755)
    watched, data, log = base / "watched", base / "data", base / "up.log"
    watched.mkdir()
    last_day = write_months(shared_data, watched, "", "2024-07-01", "2025-12-31")
    running = RunningStack(data, watched, log, last_day)
    try:
        running.start()
        yield running
    finally:
        running.end()


def test_every_service_is_healthy_and_has_a_url(stack: RunningStack) -> None:
    services = stack.status()
    assert [name for name, service in services.items() if not service["healthy"]] == []
    assert len(services) == 9
    assert redis.Redis.from_url(services["valkey"]["url"]).ping()
    for service in services.values():
        assert psutil.pid_exists(service["pid"])


def test_idle_connections_outlive_the_client_timeout(stack: RunningStack) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports["api"], timeout=30)
    with contextlib.closing(connection):
        for seconds in (0, CLIENT_KEEPS_SECONDS + 1):
            time.sleep(seconds)
            connection.request("GET", "/health/live")  # raises RemoteDisconnected if the server closed it
            assert connection.getresponse().read()


def test_a_second_start_in_the_same_folder_is_refused(stack: RunningStack) -> None:
    command = [sys.executable, "-m", "cli", "up", "--data", str(stack.watched), "--data-dir", str(stack.data)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert "cs2 down" in second.stderr.replace("\n", " ")


def test_results_lead_to_a_served_model(stack: RunningStack) -> None:
    ready = wait_until(stack.ready, "a first model is served")
    assert stack.query("SELECT version FROM ml_models WHERE status = 'champion'") == [(ready["model_version"],)]
    assert ready["ratings_as_of"] == stack.last_day


def test_new_files_change_the_model_without_failed_requests(stack: RunningStack, shared_data: Path) -> None:
    before = wait_until(stack.ready, "a first model is served")
    done, failures, answered = threading.Event(), [], []

    def send_requests() -> None:
        with Api(stack.url("api")) as api:
            api.register("watcher", "correct horse battery")
            api.log_in("watcher", "correct horse battery")
            while not done.wait(0.05):
                try:
                    answer = api.forecast(map_id=1, team1_id=1, team2_id=2)
                    answered.append(answer["model"]["version"])
                except ApiError as error:
                    failures.append(str(error))

    client = threading.Thread(target=send_requests)
    client.start()
    try:
        write_months(shared_data, stack.watched, "-2026-01", "2026-01-01", "2026-01-31")
        wait_until(
            lambda: (stack.ready() or before)["model_version"] != before["model_version"],
            "a new model is served",
        )
        wait_until(lambda: answered[-1] != before["model_version"], "it answers")
    finally:
        done.set()
        client.join()
    assert failures == []
    assert (stack.ready() or {})["ratings_as_of"] == "2026-01-31"
    assert [status for (status,) in stack.query("SELECT status FROM ml_models ORDER BY version")][:2] == [
        "retired",
        "champion",
    ]


def test_a_killed_process_is_restarted(stack: RunningStack) -> None:
    wait_until(stack.ready, "a model is served")
    pid = stack.status()["api"]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(stack.ready, "the API is back")
    assert stack.status()["api"]["pid"] != pid


ACCOUNT = ("keeper", "correct horse battery")


@pytest.fixture(scope="module")
def backup(stack: RunningStack) -> tuple[Path, list[dict[str, Any]]]:
    """Make a backup of the running stack right after forecasts, some of which are not stored yet."""
    wait_until(stack.ready, "a model is served")
    file = stack.data.parent / "backup.tar.gz"
    with Api(stack.url("api")) as api:
        api.register(*ACCOUNT)
        api.log_in(*ACCOUNT)
        answers = [api.forecast(map_id=1, team1_id=number, team2_id=number + 1) for number in range(1, 41)]
    command = [sys.executable, "-m", "cli", "backup", str(file), "--data-dir", str(stack.data)]
    subprocess.run(command, check=True, timeout=120)
    return file, answers


def test_a_damaged_backup_is_rejected(backup: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    file, _ = backup
    assert file.stat().st_mode & 0o077 == 0
    with tarfile.open(file) as archive:
        archive.extractall(tmp_path / "content", filter="data")
    assert not list((tmp_path / "content").rglob("jwt_key"))
    rows = tmp_path / "content" / "cs2.dump"
    rows.write_bytes(rows.read_bytes() + b"x")
    with tarfile.open(tmp_path / "damaged.tar.gz", "w:gz", compresslevel=1) as archive:
        archive.add(tmp_path / "content", arcname=".")
    (tmp_path / "cut.tar.gz").write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    for name, reason in {"damaged": "is damaged: cs2.dump", "cut": "is not a complete backup"}.items():
        completed = restore(tmp_path / f"{name}.tar.gz", tmp_path / "data")
        assert completed.returncode == 2
        assert reason in completed.stderr.replace("\n", " ")
        assert not (tmp_path / "data").exists()


def restore(file: Path, data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "restore", str(file), "--data-dir", str(data)]
    environment = {**os.environ, "COLUMNS": "500"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200, env=environment)


def test_restore_does_not_overwrite_a_stack(stack: RunningStack, backup: tuple[Path, list[dict[str, Any]]]) -> None:
    completed = restore(backup[0], stack.data)
    assert completed.returncode == 2
    assert "contains a stack" in completed.stderr


def test_an_interrupt_ends_everything(stack: RunningStack) -> None:
    assert owned_processes(stack.data)
    stack.process.send_signal(signal.SIGINT)
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(90) == 0, stack.log.read_text()
    assert owned_processes(stack.data) == []
    assert "had to be killed" not in stack.log.read_text()


def test_a_restored_stack_has_the_same_forecasts(
    stack: RunningStack, backup: tuple[Path, list[dict[str, Any]]]
) -> None:
    file, answers = backup
    stack.end()
    shutil.rmtree(stack.data)
    completed = restore(file, stack.data)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    stack.start()
    ready = wait_until(stack.ready, "the model is served")
    assert ready["model_version"] == answers[0]["model"]["version"]
    own = {"forecast_id", "played_on"}
    with Api(stack.url("api")) as api:
        api.log_in(*ACCOUNT)
        for answer in answers:
            question = {"map_id": 1, "team1_id": answer["team1"]["id"], "team2_id": answer["team2"]["id"]}
            new_answer = api.forecast(**question)
            assert {k: v for k, v in new_answer.items() if k not in own} == {
                k: v for k, v in answer.items() if k not in own
            }

        def are_stored() -> bool:
            stored = [api.request("GET", f"/forecast/{answer['forecast_id']}") for answer in answers]
            return [forecast.get("answer", {}).get("team1_win_probability") for forecast in stored] == [
                answer["team1_win_probability"] for answer in answers
            ]

        wait_until(are_stored, "every forecast of before is in the history")
    assert stack.query("SELECT count(*) FROM ml_models WHERE status = 'champion'") == [(1,)]
