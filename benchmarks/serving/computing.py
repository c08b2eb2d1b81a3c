"""Measure many forecasts at once: the computation alone, and batch calls."""

import os
import statistics
import time

import numpy as np
from rich.table import Table

from benchmarks.serving import testbed
from benchmarks.serving.beside import WARM_SECONDS, load_fresh
from benchmarks.serving.load import in_turn, load
from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.model.forecast import forecast

BATCH = "/forecast/batch"
N = 10_000
ROUNDS = 9


def many_at_once(bench: testbed.Testbed) -> list[Table]:
    """Ten thousand forecasts with intervals and warnings on one core; batch calls of a thousand."""
    table = Table("at once", "forecasts a s", "ms", "CPU ms", "forecasts a CPU s", box=None)
    table.add_row(f"{N:,}: features, model, intervals, warnings", *_computation(bench))
    requests = (list(bench.data.requests) * 2)[:1000]
    bodies = testbed.write_lines(bench.folder / "batches", [{"forecasts": requests}])
    with bench.api() as api:
        load(api, BATCH, bodies, seconds=WARM_SECONDS, connections=1)
        measures = [lambda n=n: load_fresh(bench, api, BATCH, bodies, connections=n) for n in (1, 2)]  # type: ignore[misc]
        for n, run in zip((1, 2), in_turn(measures, rounds=3), strict=True):
            table.add_row(
                f"1,000 by POST {BATCH}, everything on, {n} connection{'s' * (n - 1)}",
                f"{1000 * run.per_second:,.0f}",
                f"{run.p50_ms:.1f}",
                f"{run.cpu_us / 1000:.1f}",
                f"{1000 / run.cpu_us * 1e6:,.0f}",
            )
    return [table]


def _computation(bench: testbed.Testbed) -> tuple[str, ...]:
    questions = questions_about(bench.data.history)
    questions = questions.take(np.arange(len(questions) - N, len(questions)))
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {bench.core})
    wall, cpu = [], []
    for _ in range(ROUNDS):
        began, began_cpu = time.perf_counter(), time.process_time()
        forecast(bench.data.model, bench.data.snapshot, questions)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    os.sched_setaffinity(0, own)
    seconds, cpu_seconds = statistics.median(wall), statistics.median(cpu)
    return f"{N / seconds:,.0f}", f"{seconds * 1000:.1f}", f"{cpu_seconds * 1000:.1f}", f"{N / cpu_seconds:,.0f}"
