"""``cs2 backup`` and ``cs2 restore``: write the embedded stack into one file, and restore it from the file.

Both commands are in this module because they share the format of the file.
"""

import hashlib
import json
import shlex
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.exit_codes import ExitCode
from cli.stack_options import DataDir, Ports, parse_ports, stop_event

FORMAT = 1
MANIFEST = "manifest.json"
Archive = Annotated[Path, typer.Argument(help="Path of the backup, a compressed tar archive.")]


class BackupError(Exception):
    """The file or the folder cannot be used; the message says why and what to do."""


def backup(file: Archive, data_dir: DataDir = None) -> None:
    """Back up the running stack into one file: tables, models, forecasts and pending events.

    It does not contain secrets, logs, the watched folder, and the clone of `valve`.
    """
    from cli.stack.backups import dump
    from cli.stack.layout import data_folder, load, settings_of_running_stack

    with _failures_as_messages():
        layout = load(data_folder(data_dir))
        if layout is None:
            raise BackupError(f"no stack was started in {data_folder(data_dir)} yet")
        if file.exists():
            raise BackupError(f"{file} exists already")
        database = settings_of_running_stack(data_dir).mongo_database
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".backup-") as name:
            folder = Path(name) / "content"
            folder.mkdir(mode=0o700)
            for line in dump(layout, database, folder):
                print(line)
            manifest = {
                "format": FORMAT,
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "version": version("cs2-forecast"),
                "mongo_database": database,
                "sha256": _digests(folder),
            }
            (folder / MANIFEST).write_text(json.dumps(manifest, indent=2))
            whole = Path(name) / "whole"
            whole.touch(mode=0o600)  # contains the accounts
            with tarfile.open(whole, "w:gz", compresslevel=3) as archive:
                archive.add(folder, arcname=".")
            whole.rename(file)
        print(f"{file}: {file.stat().st_size / 2**20:.1f} MB")


def restore(file: Archive, data_dir: DataDir = None, port: Ports = None) -> None:
    """Restore a backup into an empty data folder; then start the stack with cs2 up."""
    from cli.stack.backups import restore as restore_stores
    from cli.stack.layout import data_folder
    from cli.stack.running import SERVERS, running_stack

    data = data_folder(data_dir)
    stop = stop_event()
    with _failures_as_messages():
        if (data / "stack.json").exists():
            raise BackupError(f"{data} contains a stack: move it away, or choose another folder with --data-dir")
        with tempfile.TemporaryDirectory(prefix="cs2-restore-") as name:
            folder = Path(name)
            manifest = _unpack(file, folder)
            print(f"made at {manifest['made_at']} by version {manifest['version']}")
            with running_stack(data, ports=parse_ports(port), stages=SERVERS, cancelled=stop.is_set) as stack:
                try:
                    for line in restore_stores(stack.layout, manifest["mongo_database"], folder):
                        print(line)
                except BaseException:
                    print(f"not restored: the content of {data} is incomplete, remove it")
                    raise
        print(f"restored into {data}; start it: cs2 up --data-dir {shlex.quote(str(data))}")


@contextmanager
def _failures_as_messages() -> Iterator[None]:
    """End the command with the message of a failure that the user can correct."""
    import redis
    from pymongo.errors import PyMongoError

    from cli.stack.errors import StackError

    try:
        yield
    except (BackupError, StackError, redis.RedisError, PyMongoError, OSError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        is_wrong_input = isinstance(error, BackupError)
        raise typer.Exit(ExitCode.WRONG_INPUT if is_wrong_input else ExitCode.FAILURE) from error


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Extract the file and compare it with its manifest, before the servers start."""
    try:
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (tarfile.TarError, EOFError, FileNotFoundError, ValueError) as error:
        raise BackupError(f"{file} is not a complete backup: {error}") from error
    if manifest["format"] != FORMAT:
        raise BackupError(f"{file} has format {manifest['format']}; this version reads format {FORMAT}")
    digests, expected = _digests(folder), manifest["sha256"]
    if digests != expected:
        changed = {name for name in digests.keys() | expected if digests.get(name) != expected.get(name)}
        raise BackupError(f"{file} is damaged: {', '.join(sorted(changed)[:3])}")
    return manifest


def _digests(folder: Path) -> dict[str, str]:
    digests = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            with path.open("rb") as content:
                digests[str(path.relative_to(folder))] = hashlib.file_digest(content, "sha256").hexdigest()
    return digests
