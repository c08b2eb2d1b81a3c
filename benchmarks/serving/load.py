"""Load a server with wrk, from one core."""

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.testbed import ServerProcess, subprocess_output, token

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
    """Exit with a message if the load generator is missing."""
    if shutil.which("wrk") is None:
        sys.exit("make bench needs wrk, an HTTP load generator: apt-get install wrk")


def load(
    server: ServerProcess, path: str, bodies: Path, *, connections: int = CONNECTIONS, seconds: int = SECONDS
) -> Run:
    """Send requests without pause on several connections.

    Raises:
        RuntimeError: If a request failed.
    """
    script = Path(__file__).with_name("load.lua")
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s", "-s", str(script)]
    before = server.cpu_seconds()
    printed = subprocess_output([*command, f"{server.url}{path}"], BENCH_TOKEN=token(), BENCH_BODIES=str(bodies))
    result = json.loads(printed.partition("RESULT ")[2])
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} of {result['requests']} requests to {path} failed")
    cpu_us = (server.cpu_seconds() - before) / result["requests"] * 1e6
    return Run(result["requests"] / result["seconds"], cpu_us, result["p50_ms"], result["p99_ms"])


def in_turn(measures: Sequence[Callable[[], Run]], *, rounds: int = ROUNDS) -> list[Run]:
    """Return medians of several rounds. Each round measures all in turn, so that other load affects all alike."""
    rounds_of_runs = [[measure() for measure in measures] for _ in range(rounds)]
    return [_median(runs) for runs in zip(*rounds_of_runs, strict=True)]


def _median(runs: Sequence[Run]) -> Run:
    values = {name: statistics.median(getattr(run, name) for run in runs) for name in Run.__slots__}
    return Run(**values)
