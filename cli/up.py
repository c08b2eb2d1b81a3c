"""``cs2 up``, ``cs2 down``, ``cs2 migrate``: the embedded stack in the foreground, and what a crash left behind."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from cli.exit_codes import ExitCode
from cli.stack.errors import StackError
from cli.stack.layout import data_folder
from cs2.settings import Settings, SourceName

FOLDERS = {
    SourceName.ARCHIVE: "CS2_ARCHIVE_DIR",
    SourceName.KAGGLE: "CS2_KAGGLE_DIR",
    SourceName.VALVE: "CS2_VALVE_CHECKOUT",
}
"""The setting of the folder that a source reads."""

Source = Annotated[
    str | None,
    typer.Option(
        help="Where results come from (docs/sources.md); several with commas, the first one is believed where two tell "
        "of one match. Default: the simulated league."
    ),
]
Data = Annotated[
    Path | None, typer.Option(help="Folder that the source reads; alone: a watched folder of CSV files of matches.")
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of everything the stack writes. Default: .cs2 in the checkout."),
]
Ports = Annotated[
    list[str] | None, typer.Option("--port", help="A port by name, such as api=8000. Default: the usual or a free one.")
]


def parse_ports(texts: list[str] | None) -> dict[str, int]:
    """``["api=8000"]`` as a mapping.

    Raises:
        typer.BadParameter: If one is not NAME=NUMBER.
    """
    ports = {}
    for text in texts or []:
        name, _, number = text.partition("=")
        if not number.isdigit() or not 1 <= int(number) <= 65535:
            raise typer.BadParameter(f"{text!r} is not NAME=NUMBER, such as api=8000")
        ports[name] = int(number)
    return ports


def source_settings(source: str | None, data: Path | None, today: str | None) -> dict[str, str]:
    """Settings of the sources: those that are named, else a folder of CSV files, else what the environment says.

    Raises:
        typer.BadParameter: If a source is unknown, the folder does not exist, or not one source reads it.
    """
    told = source or (SourceName.ARCHIVE.value if data else None)
    try:
        chosen = (Settings(sources=told) if told else Settings()).sources
    except ValidationError as error:
        raise typer.BadParameter(f"{told}: {error.errors()[0]['msg']}") from error
    settings = {"CS2_SOURCES": ",".join(chosen)}
    if data is not None:
        if not data.is_dir():
            raise typer.BadParameter(f"{data.absolute()} is not a folder")
        readers = [name for name in chosen if name in FOLDERS]
        if not readers:
            raise typer.BadParameter(f"{', '.join(chosen)} reads no folder; those that do: {', '.join(FOLDERS)}")
        if len(readers) > 1:
            told_each = " and ".join(FOLDERS[name] for name in readers)
            raise typer.BadParameter(f"{' and '.join(readers)} read a folder each: set {told_each} instead")
        settings[FOLDERS[readers[0]]] = str(data.absolute())
    return settings | ({"CS2_CLOCK_DATE": today} if today else {})


def interrupted() -> threading.Event:
    """Set by Ctrl-C or SIGTERM from now on; a second one changes nothing, so that stopping is always in order."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    return asked


def up(
    source: Source = None,
    data: Data = None,
    data_dir: DataDir = None,
    port: Ports = None,
    today: Annotated[
        str | None, typer.Option(help="Set the clock's day (YYYY-MM-DD), for archives of the past.")
    ] = None,
) -> None:
    """Keep everything up until Ctrl-C: results are watched, models trained, forecasts answered and kept."""
    from cli.stack.running import running_stack

    console = Console(highlight=False)
    overrides = source_settings(source, data, today)
    asked = interrupted()
    try:
        with running_stack(
            data_folder(data_dir),
            ports=parse_ports(port),
            overrides=overrides,
            progress=console.print,
            cancelled=asked.is_set,
        ) as stack:
            layout = stack.layout
            console.print(f"\nAPI       {layout.http('api')}/docs", style="bold")
            console.print(f"Dagster   {layout.http('dagster')}", style="bold")
            console.print(f"MLflow    {layout.http('mlflow')}", style="bold")
            console.print(f"Source    {' '.join(overrides.values())}")
            console.print("Ctrl-C stops it; nothing is lost.")
            while not asked.wait(0.5) and stack.child.poll() is None:
                pass
            if not asked.is_set():
                raise StackError(f"supervisor has ended; see {layout.logs / 'supervisor.log'}")
    except StackError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(ExitCode.FAILURE) from error


def down(data_dir: DataDir = None) -> None:
    """End what a crash of the stack left behind."""
    from cli.stack.leftovers import end_leftovers

    folder = data_folder(data_dir)
    count = end_leftovers(folder)
    print(f"{count} processes of the stack in {folder} ended" if count else f"nothing of the stack in {folder} runs")


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database of the running stack (or of CS2_DATABASE_URL) to the newest tables."""
    from sqlalchemy.exc import OperationalError

    from cli.stack.layout import settings_of_running_stack
    from cs2.storage.migrate import upgrade

    url = settings_of_running_stack(data_dir).database_url
    try:
        upgrade(url)
    except OperationalError as error:
        Console(stderr=True).print(f"PostgreSQL at {url} cannot be reached: {error.orig}", style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    print(f"{url} is up to date")
