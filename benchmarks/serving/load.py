"""Load by wrk, from one core."""

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.plant import Child, subprocess_output, token

CONNECTIONS = 32
SECONDS = 6
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the load.

    Attributes:
        per_second: Requests answered in a second.
        cpu_us: Processor time of the server for a request, in microseconds.
    """

    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


def require_wrk() -> None:
    """End with a message where the load generator is missing."""
    if shutil.which("wrk") is None:
        sys.exit("make bench needs wrk, an HTTP load generator: apt-get install wrk")


def load(server: Child, path: str, bodies: Path, *, connections: int = CONNECTIONS, seconds: int = SECONDS) -> Run:
    """Ask without pause on so many connections.

    Raises:
        RuntimeError: If a request failed.
    """
    script = Path(__file__).with_name("load.lua")
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s", "-s", str(script)]
    before = server.cpu_seconds()
    printed = subprocess_output([*command, f"{server.url}{path}"], BENCH_TOKEN=token(), BENCH_BODIES=str(bodies))
    found = json.loads(printed.partition("RESULT ")[2])
    if found["failed"]:
        raise RuntimeError(f"{found['failed']} of {found['requests']} requests to {path} failed")
    cpu_us = (server.cpu_seconds() - before) / found["requests"] * 1e6
    return Run(found["requests"] / found["seconds"], cpu_us, found["p50_ms"], found["p99_ms"])


def in_turn(measures: Sequence[Callable[[], Run]], *, rounds: int = ROUNDS) -> list[Run]:
    """Medians of several rounds. Each round takes all in turn: what else the machine does hits them alike."""
    runs = [[measure() for measure in measures] for _ in range(rounds)]
    return [_median(of_one) for of_one in zip(*runs, strict=True)]


def _median(runs: Sequence[Run]) -> Run:
    values = {name: statistics.median(getattr(run, name) for run in runs) for name in Run.__slots__}
    return Run(**values)
