"""``make bench``: the service's speed, as ratios measured in one run; docs/performance.md explains the tables."""

import argparse
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.serving import plant
from benchmarks.serving.load import in_turn, load, require_wrk

FORECAST = "/forecast/get_team1_win_probability"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, help="an archive of real matches; default: the simulated league")
    told = parser.parse_args()
    require_wrk()
    server_core, load_core = plant.cores()
    os.sched_setaffinity(0, {load_core})  # wrk, Valkey, PostgreSQL and MongoDB inherit it
    console = Console(width=130)
    with tempfile.TemporaryDirectory(prefix="cs2-bench-") as temporary:
        folder = Path(temporary)
        with plant.servers_with_data(told.path, folder / "data") as served:
            console.print(served.described)
            beside_bare(console, served, folder, server_core)


def beside_bare(console: Console, served: plant.Served, folder: Path, core: int) -> None:
    """The forecast endpoint beside an endpoint that does nothing."""
    bodies = plant.lines(folder / "questions", served.questions)
    url, bare_url = plant.free_url(), plant.free_url()
    told = plant.environment(served.settings, folder / "data")
    with (
        plant.running(
            plant.uvicorn("serving.app:create_app", url),
            url,
            ready="/health/ready",
            core=core,
            log=folder / "api.log",
            **told,
        ) as api,
        plant.running(
            plant.uvicorn("benchmarks.serving.bare:create_app", bare_url),
            bare_url,
            ready="/ready",
            core=core,
            log=folder / "bare.log",
        ) as bare,
    ):
        for server, path in ((api, FORECAST), (bare, "/nothing")):
            load(server, path, bodies, seconds=2)
        forecasts, nothing = in_turn(
            [lambda: load(api, FORECAST, bodies), lambda: load(bare, "/nothing", bodies)], rounds=5
        )
    table = Table("", "requests a s", "CPU µs a request", "p50 ms", "p99 ms", box=None)
    for name, run in (("forecast, everything on", forecasts), ("the bare framework", nothing)):
        table.add_row(name, f"{run.per_second:,.0f}", f"{run.cpu_us:.0f}", f"{run.p50_ms:.2f}", f"{run.p99_ms:.2f}")
    console.print(table)
    by_throughput = forecasts.per_second / nothing.per_second
    by_cpu = nothing.cpu_us / forecasts.cpu_us
    console.print(f"throughput: {by_throughput:.2f} of the bare framework's; by processor time {by_cpu:.2f}")


if __name__ == "__main__":
    main()
