"""``make bench``: speed of the service, as ratios within one run. docs/performance.md explains the tables."""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.serving import beside, computing, history, steps, testbed
from benchmarks.serving.load import require_wrk

PARTS: dict[str, Callable[[testbed.Testbed], list[Table]]] = {
    "bare": beside.bare_framework,
    "steps": steps.shares,
    "mlflow": beside.mlflow_server,
    "compute": computing.many_at_once,
    "history": history.sinks,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, help="an archive of real matches; default: the simulated league")
    parser.add_argument("--part", choices=PARTS, help="print only this table")
    arguments = parser.parse_args()
    require_wrk()
    server_core, load_core = testbed.cores()
    os.sched_setaffinity(0, {load_core})  # wrk, Valkey, PostgreSQL and MongoDB inherit it
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="cs2-bench-") as temporary:
        folder = Path(temporary)
        with testbed.servers_with_data(arguments.path, folder / "data") as data:
            console.print(data.description)
            bench = testbed.Testbed(data, folder, server_core)
            for part in [arguments.part] if arguments.part else PARTS:
                for table in PARTS[part](bench):
                    console.print(table, "")


if __name__ == "__main__":
    main()
