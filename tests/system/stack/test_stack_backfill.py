"""Backfills, launched like in the UI, survive kills and run on two Celery workers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from cli.runs import DagsterRuns
from cli.stack.layout import ROOT, Layout, load
from cli.stack.leftovers import end_leftovers, owned_processes
from cli.stack.servers import script
from pipelines.defs.etl.jobs import range_tags
from tests.testkit.archives import write_months
from tests.testkit.dagster_backfills import Dagster, content, forget
from tests.testkit.waiting import wait_until

pytestmark = [pytest.mark.stack, pytest.mark.real_data, pytest.mark.timeout(900)]

until_answered = partial(wait_until, ignored=(httpx.HTTPError, psycopg.OperationalError))
"""Wait for a condition while servers start or restart."""
MONTHS = ("2025-11-01", "2025-12-01")


def command_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):  # it may end meanwhile
        return " ".join(process.cmdline())
    return ""


@dataclass
class Loaded:
    """A stack whose sensor has loaded the months once."""

    layout: Layout
    url: str
    dagster: Dagster
    tables: dict[str, tuple[int, str]]

    def process(self, *words: str) -> psutil.Process:
        """Return the oldest process of the stack whose command line has these words."""
        processes = [p for p in owned_processes(self.layout.data) if all(word in command_of(p) for word in words)]
        assert processes, words
        return min(processes, key=lambda process: process.create_time())

    def count(self, table: str) -> int:
        with psycopg.connect(self.url) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # type: ignore[index,arg-type]

    @contextmanager
    def in_the_middle(self) -> Iterator[None]:
        """Lock a table, so that a rebuild waits between writing its rows and its commit."""
        with suppress(psycopg.OperationalError), psycopg.connect(self.url) as holder:
            holder.execute("LOCK TABLE series IN ACCESS EXCLUSIVE MODE")
            yield

    def waiting_in_the_middle(self) -> int:
        with psycopg.connect(self.url) as connection:
            query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'series'::regclass"
            return int(connection.execute(query).fetchone()[0])  # type: ignore[index]


def has_loaded(dagster: Dagster) -> bool:
    """Return whether a run of the ingest job has succeeded; runs of other sensors may end earlier."""
    return ("ingest_job", "SUCCESS") in [(run["jobName"], run["status"]) for run in dagster.runs()]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Loaded]:
    base = tmp_path_factory.mktemp("backfilled")
    for folder in [base, *base.parents[:2]]:
        folder.chmod(0o755)
    watched, data, log = base / "watched", base / "data", base / "up.log"
    watched.mkdir()
    write_months(shared_data, watched, "", MONTHS[0], "2025-12-31")
    command = [sys.executable, "-m", "cli", "up", "--data", str(watched), "--data-dir", str(data)]
    environment = {
        **os.environ,
        "CS2_RETRAIN_AFTER_MAPS": "1000000",
        "CS2_CLOCK_DATE": "2025-12-31",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
    try:
        until_answered(lambda: process.poll() is not None or "Press Ctrl-C to stop" in log.read_text(), "the stack")
        assert process.poll() is None, log.read_text()
        layout = load(data)
        assert layout is not None
        url = layout.database("cs2").replace("+psycopg", "")
        dagster = Dagster(layout.http("dagster"))
        until_answered(lambda: has_loaded(dagster), "one load, by the sensor")
        yield Loaded(layout, url, dagster, content(url))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)
        end_leftovers(data)


def test_a_backfill_survives_kills(loaded: Loaded) -> None:
    """Kill the daemon before the backfill and between its runs, and a run and PostgreSQL in the middle."""
    assert loaded.tables["map_results"][0] > 300
    forget(loaded.url)
    with loaded.in_the_middle():
        backfill = loaded.dagster.launch_backfill(MONTHS)
        loaded.process("dagster-daemon").kill()
        until_answered(lambda: loaded.count("raw_rows") == loaded.tables["raw_rows"][0], "the months are landed")
        loaded.process("dagster-daemon").kill()
        until_answered(loaded.waiting_in_the_middle, "the tables are being rebuilt")
        loaded.process("spawn_main").kill()
        until_answered(
            lambda: loaded.waiting_in_the_middle() == 2, "another run: PostgreSQL has not noticed the first one's end"
        )
        assert loaded.count("maps") == 0, "readers see the old tables"
        loaded.process("postgres", "-D").kill()
    until_answered(lambda: content(loaded.url) == loaded.tables, "the tables of one load")
    ended = until_answered(lambda: loaded.dagster.ended(backfill), "the end of the backfill")
    assert ended["status"] == "COMPLETED_SUCCESS", ended


@contextmanager
def worker(loaded: Loaded, name: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start a Celery worker as in docs/scale.md; return it with its log."""
    log = loaded.layout.logs / f"celery-{name}.log"
    command = [script("celery"), "-A", "dagster_celery.app", "worker", "-Q", "dagster", "--concurrency", "1"]
    command += ["--prefetch-multiplier", "1", "--loglevel", "INFO", "-n", f"{name}@%h"]
    environment = {**os.environ, **loaded.layout.environment(), **celery_urls(loaded.layout.redis)}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment, cwd="/")
    try:
        until_answered(lambda: process.poll() is not None or " ready." in log.read_text(), "the worker")
        yield process, log
    finally:
        process.terminate()
        process.wait(60)


def celery_urls(redis: str) -> dict[str, str]:
    """Redis databases for tasks and their states; the stream of forecasts is in database 0."""
    base = redis.removesuffix("/0")
    return {"CELERY_BROKER_URL": f"{base}/1", "CELERY_RESULT_BACKEND": f"{base}/2"}


def test_two_celery_workers_leave_the_tables_of_one_process(loaded: Loaded) -> None:
    """Run months out of order, one run each; stop the worker that finishes first, and let the other continue."""
    configuration = loaded.layout.data / "dagster" / "dagster.yaml"
    launcher = (ROOT / "dagster_home" / "launchers" / "celery.yaml").read_text()
    for name, url in celery_urls(loaded.layout.redis).items():  # the daemon runs without these variables
        launcher = launcher.replace(f"\n      env: {name}", f" {url}")
    configuration.write_text(configuration.read_text() + launcher)
    loaded.process("dagster-daemon").terminate()  # supervisor restarts the daemon, which launches the runs
    forget(loaded.url)
    with (
        worker(loaded, "one") as (one, log_of_one),
        worker(loaded, "two") as (two, log_of_two),
        DagsterRuns(loaded.layout.http("dagster")) as runs,
    ):
        started = [runs.launch("ingest_job", tags=range_tags(month, month)) for month in reversed(MONTHS)]
        until_answered(lambda: ended(log_of_one) or ended(log_of_two), "a first run")
        (one if ended(log_of_one) else two).terminate()  # a warm shutdown finishes the started tasks
        until_answered(lambda: runs_that_succeeded(loaded) >= set(started), "both runs")
    assert ended(log_of_one), "each worker executed a run"
    assert ended(log_of_two), "each worker executed a run"
    assert content(loaded.url) == loaded.tables


def ended(log: Path) -> int:
    """Return the tasks that a worker has finished."""
    return log.read_text().count(" succeeded in ")


def runs_that_succeeded(loaded: Loaded) -> set[str]:
    return {run["runId"] for run in loaded.dagster.runs() if run["status"] == "SUCCESS"}
