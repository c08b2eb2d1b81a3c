"""Options that several commands share: source, data folder and ports of the embedded stack."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from cs2.settings import Settings, SourceName

FOLDERS = {
    SourceName.ARCHIVE: "CS2_ARCHIVE_DIR",
    SourceName.KAGGLE: "CS2_KAGGLE_DIR",
    SourceName.VALVE: "CS2_VALVE_CHECKOUT",
}
"""Setting with the folder that a source reads."""

Source = Annotated[
    str | None,
    typer.Option(
        help="Sources of the results, separated by commas (docs/sources.md). When two report the same match, the one "
        "named first wins. Default: the simulated league."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(help="Folder that the source reads. Without --source: a watched folder of CSV files of matches."),
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of everything the stack writes. Default: .cs2 in the checkout."),
]
Ports = Annotated[
    list[str] | None,
    typer.Option("--port", help="Port of a service, such as api=8000. Default: the usual or a free one."),
]


def parse_ports(texts: list[str] | None) -> dict[str, int]:
    """Parse ports such as ``["api=8000"]``.

    Raises:
        typer.BadParameter: If a text is not NAME=NUMBER.
    """
    ports = {}
    for text in texts or []:
        name, _, number = text.partition("=")
        if not number.isdigit() or not 1 <= int(number) <= 65535:
            raise typer.BadParameter(f"{text!r} is not NAME=NUMBER, such as api=8000")
        ports[name] = int(number)
    return ports


def source_settings(source: str | None, data: Path | None, today: str | None) -> dict[str, str]:
    """Return the settings of the sources: from ``--source``, else from ``--data``, else from the environment.

    Raises:
        typer.BadParameter: If a source is unknown, the folder does not exist, or not exactly one source reads it.
    """
    names = source or (SourceName.ARCHIVE.value if data else None)
    try:
        sources = (Settings(sources=names) if names else Settings()).sources
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise typer.BadParameter(f"{names}: {message}" if names else message) from error
    settings = {"CS2_SOURCES": ",".join(sources)}
    if data is not None:
        if not data.is_dir():
            raise typer.BadParameter(f"{data.absolute()} is not a folder")
        settings[_folder_setting(sources)] = str(data.absolute())
    return settings | ({"CS2_CLOCK_DATE": today} if today else {})


def _folder_setting(sources: tuple[SourceName, ...]) -> str:
    """Return the setting of the folder that ``--data`` names."""
    readers = [name for name in sources if name in FOLDERS]
    if not readers:
        raise typer.BadParameter(f"{', '.join(sources)} reads no folder; these do: {', '.join(FOLDERS)}")
    if len(readers) > 1:
        names = " and ".join(FOLDERS[name] for name in readers)
        raise typer.BadParameter(f"{' and '.join(readers)} read a folder each: set {names} instead")
    return FOLDERS[readers[0]]


def stop_event() -> threading.Event:
    """Return an event that Ctrl-C or SIGTERM sets.

    A second signal has no further effect, so that the stack always stops in order.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
