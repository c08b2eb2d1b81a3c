"""``cs2 status``: show the processes of the stack and their health."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.exit_codes import ExitCode
from cli.stack.layout import data_folder, load
from cli.stack_options import DataDir


def status(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show the services of the stack: process, URL, health. Exit status 1 if one is unhealthy."""
    services = _services(data_dir)
    if as_json:
        print(json.dumps({"services": services}, indent=2))
    else:
        table = Table("service", "pid", "url", "health", box=None)
        for service in services:
            health = "[green]well[/green]" if service["healthy"] else "[red]not well[/red]"
            table.add_row(str(service["name"]), str(service["pid"] or "-"), str(service["url"]), health)
        Console(highlight=False).print(table if services else "no stack was started here yet: cs2 up")
    if not services or not all(service["healthy"] for service in services):
        raise typer.Exit(ExitCode.FAILURE)


def _services(data_dir: DataDir) -> list[dict[str, object]]:
    from cli.stack.errors import StackError
    from cli.stack.postgres import PostgresServer
    from cli.stack.programs import programs
    from cli.stack.supervision import Supervisor

    data = data_folder(data_dir)
    layout = load(data)
    if layout is None:
        return []
    try:
        processes = Supervisor(layout).processes()
    except StackError:
        processes = {}
    services: list[dict[str, object]] = []
    for program in programs(layout, PostgresServer(data, data, None)):
        process = processes.get(program.name, {})
        pid = process.get("pid") or None
        problem = program.check() if pid else "does not run"
        services.append(
            {"name": program.name, "pid": pid, "url": program.url, "healthy": problem is None, "problem": problem}
        )
    return services
