"""``cs2 up``: run the embedded stack in the foreground."""

from typing import Annotated

import typer
from rich.console import Console

from cli.exit_codes import ExitCode
from cli.stack.errors import StackError
from cli.stack.layout import data_folder
from cli.stack_options import Data, DataDir, Ports, Source, parse_ports, source_settings, stop_event


def up(
    source: Source = None,
    data: Data = None,
    data_dir: DataDir = None,
    port: Ports = None,
    today: Annotated[
        str | None, typer.Option(help="Date of the clock (YYYY-MM-DD), for archives that end in the past.")
    ] = None,
) -> None:
    """Run everything until Ctrl-C: watch for results, train models, answer and store forecasts."""
    from cli.stack.running import running_stack

    console = Console(highlight=False)
    overrides = source_settings(source, data, today)
    stop = stop_event()
    try:
        with running_stack(
            data_folder(data_dir),
            ports=parse_ports(port),
            overrides=overrides,
            progress=console.print,
            cancelled=stop.is_set,
        ) as stack:
            layout = stack.layout
            console.print(f"\nAPI       {layout.http('api')}/docs", style="bold")
            console.print(f"Dagster   {layout.http('dagster')}", style="bold")
            console.print(f"MLflow    {layout.http('mlflow')}", style="bold")
            console.print(f"Source    {' '.join(overrides.values())}")
            console.print("Press Ctrl-C to stop; nothing is lost.")
            while not stop.wait(0.5) and stack.child.poll() is None:
                pass
            if not stop.is_set():
                raise StackError(f"supervisor has ended; see {layout.logs / 'supervisor.log'}")
    except StackError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(ExitCode.FAILURE) from error
