"""bo3.gg: the first fill, against a host with many thousand matches.

BO3GG_MATCHES=80000 pytest -s -k measured tests/integration/pipelines/sources/test_bo3gg_fill.py
"""

import multiprocessing
import os
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from pyrate_limiter import Duration, Rate
from rich.console import Console
from typer.testing import CliRunner

from cli.fill import run_fill
from cli.main import app
from cs2.settings import SourceName
from pipelines.sources import bo3gg_requests, registry
from pipelines.sources.bo3gg_fill import LOCK, Fill, FillPhase
from pipelines.sources.bo3gg_requests import Bo3ggRequests
from pipelines.sources.response_cache import ResponseCache
from tests.testkit.bo3gg_host import PREFIX, SINCE, bo3gg_api
from tests.testkit.bo3gg_world import Bo3ggWorld, Clock
from tests.testkit.waiting import HANG_SECONDS, wait_until
from tests.testkit.web import Reply, Request, Site, site

ORIGIN = datetime(2024, 1, 1, tzinfo=UTC)
N_MATCHES = int(os.environ.get("BO3GG_MATCHES", "4000"))
PER_DAY = 60


def world(n_matches: int) -> Bo3ggWorld:
    """A host whose last match ended days ago."""
    clock = Clock(ORIGIN + timedelta(days=n_matches / PER_DAY + 20))
    return Bo3ggWorld(clock, ORIGIN, n_matches, per_day=PER_DAY)


@contextmanager
def fill(database_url: str, server: Site, host: Bo3ggWorld) -> Iterator[tuple[Fill, ResponseCache]]:
    """A fill whose clock is that of the host, and where it stores."""
    cache = ResponseCache(database_url, SourceName.BO3GG)
    clock = host.clock
    with bo3gg_api(server, clock.advance) as api, cache.connected():
        yield Fill(cache, Bo3ggRequests(cache, api), ORIGIN.date(), now=clock.now, sleep=clock.advance), cache


def peak_memory_mb() -> float:
    """Peak memory of this process, which includes the host."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def repeated(server: Site) -> int:
    """How many requests were made more than once."""
    times = Counter((request.path, *sorted(request.params.items())) for request in server.requests)
    return sum(count - 1 for count in times.values())


def test_a_fill_is_measured(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    host = world(N_MATCHES)
    with site(host) as server, fill(postgres_url, server, host) as (work, cache):
        memory, begun = peak_memory_mb(), time.perf_counter()
        steps = list(work.run(with_details=False))
        seconds = time.perf_counter() - begun
        growth = peak_memory_mb() - memory
        n_requests = len(server.requests)
        stored = cache.load_keys("match")
    assert stored == set(range(1, N_MATCHES + 1))
    assert steps[-1].n_left == 0
    assert n_requests <= N_MATCHES / 100 * 1.1 + 2
    assert growth < 150, "memory grows with the number of matches"
    with capsys.disabled():
        print(
            f"\na fill of {N_MATCHES:,} matches with their maps: {n_requests} requests, {seconds:.0f} s of work, "
            f"{growth:.0f} MB more memory, {timedelta(seconds=3 * n_requests)} at a request in 3 s"
        )


def test_the_estimate_becomes_exact_and_details_follow(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bo3gg_requests, "PAGE_SIZE", 20)
    host = world(90)
    with site(host) as server, fill(postgres_url, server, host) as (work, cache):
        steps = list(work.run())
        again = list(work.run())
        assert repeated(server) == 0
    details = [step for step in steps if step.phase is FillPhase.DETAILS]
    assert len(details) == details[0].n_done + details[0].n_left
    assert again == [], "a complete fill requests something"
    assert cache.load_keys("veto") == cache.load_keys("match") == set(range(1, 91))
    parsed = {number for number in range(90) if host.has_stats(number)}
    assert {key // 10 - 1 for key in cache.load_keys("players")} == parsed


def fill_slowly(database_url: str, url: str, n_matches: int) -> None:
    """Fill in a process of its own, until it is killed."""
    with fill(database_url, Site(url), world(n_matches)) as (work, cache), cache.lock(LOCK):
        for _ in work.run():
            pass


def test_a_killed_fill_loses_nothing_and_repeats_little(postgres_url: str) -> None:
    host = world(1_500)
    killed = threading.Event()

    def respond(request: Request) -> Reply:
        reply = host(request)  # the sixth request waits, so that the fill is killed in the middle
        return reply if killed.is_set() or len(server.requests) <= 5 else replace(reply, seconds=HANG_SECONDS)

    with site(respond) as server:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=fill_slowly, args=(postgres_url, server.url, 1_500))
        process.start()
        wait_until(lambda: len(server.requests) > 5, "the fill is in the middle")
        process.kill()
        process.join()
        killed.set()
        wait_until(lambda: _is_free(postgres_url), "the lock of the killed process is free")
        n_before = len(server.requests)
        with fill(postgres_url, server, host) as (work, cache):
            list(work.run(with_details=False))
            stored = cache.load_keys("match")
        assert stored == set(range(1, 1_501))
        assert repeated(server) <= 1
        assert min(request.params[SINCE] for request in server.requests[n_before:]) > server.requests[0].params[SINCE]


def _is_free(database_url: str) -> bool:
    with ResponseCache(database_url, SourceName.BO3GG).lock(LOCK) as is_locked:
        return is_locked


def test_the_pause_of_the_host_is_waited_for(postgres_url: str) -> None:
    host = world(1_000)
    host.requests_per_minute = 4
    with site(host) as server, fill(postgres_url, server, host) as (work, cache):
        steps = list(work.run(with_details=False))
    assert host.refused == 2
    assert len(steps) == len(server.requests) - host.refused
    assert len(cache.load_keys("match")) == 1_000


def test_an_earlier_first_day_reads_the_list_from_there(postgres_url: str) -> None:
    host = world(300)
    with site(host) as server, fill(postgres_url, server, host) as (work, cache):
        work.since = ORIGIN.date() + timedelta(days=3)
        list(work.run(with_details=False))
        assert 1 not in cache.load_keys("match")
        work.since = ORIGIN.date()
        list(work.run(with_details=False))
    assert cache.load_keys("match") == set(range(1, 301))


def test_an_interruption_says_how_to_continue(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    host = world(300)
    with site(host) as server, fill(postgres_url, server, host) as (work, cache):

        def clock() -> float:
            if len(server.requests) == 2:
                raise KeyboardInterrupt
            return float(len(server.requests))

        with pytest.raises(typer.Exit) as stopped:
            run_fill(work, Console(), with_details=False, clock=clock)
        assert stopped.value.exit_code == 1
        assert "stopped after 2 requests; the next cs2 fill continues here" in capsys.readouterr().err
        list(work.run(with_details=False))
        assert repeated(server) == 0
    assert len(cache.load_keys("match")) == 300


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, postgres_url: str, tmp_path: Path
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Runs ``cs2 fill`` against a host with 300 matches."""
    host = world(300)
    with site(host) as server:
        variables = {"SOURCES": "archive,bo3gg", "DATABASE_URL": postgres_url, "BO3GG_URL": f"{server.url}{PREFIX}"}
        for name, value in {**variables, "DATA_DIR": str(tmp_path)}.items():
            monkeypatch.setenv(f"CS2_{name}", value)
        monkeypatch.setattr(registry, "BO3GG_RATES", (Rate(1_000, Duration.SECOND),))

        def run(*words: str) -> tuple[int, str]:
            result = CliRunner().invoke(app, ["fill", *words])
            return result.exit_code, result.output

        yield run


def test_the_command_fills_and_prints_its_progress(command: Callable[..., tuple[int, str]], postgres_url: str) -> None:
    code, output = command("--since", "2024-01-01", "--only-maps")
    assert code == 0, output
    assert "matches and maps: 4 of 4 requests, 300 matches, about 0:00:00 left" in output
    assert "cs2 ingest" in output
    assert len(ResponseCache(postgres_url, SourceName.BO3GG).load_keys("match")) == 300


def test_a_second_fill_beside_a_running_one_is_refused(
    command: Callable[..., tuple[int, str]], postgres_url: str
) -> None:
    with ResponseCache(postgres_url, SourceName.BO3GG).lock(LOCK):
        code, output = command("--since", "2024-01-01")
    assert (code, "a fill is running" in output) == (1, True)
    assert command("--since", "2024-01-01", "--only-maps")[0] == 0


@pytest.mark.parametrize(("day", "problem"), [("2099-01-01", "not in the past"), ("soon", "not a date")])
def test_a_wrong_first_day_is_wrong_input(command: Callable[..., tuple[int, str]], day: str, problem: str) -> None:
    code, output = command("--since", day)
    assert (code, problem in output) == (2, True)


def test_a_stack_without_this_source_is_wrong_input(
    command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CS2_SOURCES", "archive")
    code, output = command("--since", "2024-01-01")
    assert (code, "start it with --source bo3gg" in output) == (2, True)
