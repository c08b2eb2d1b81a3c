"""Start the stack in stages, wait until each is healthy, and stop it in reverse order."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import psycopg
from psycopg import sql

from cli.stack.errors import StackError
from cli.stack.layout import ROOT, Layout, plan
from cli.stack.leftovers import owned_processes
from cli.stack.postgres import prepare
from cli.stack.programs import Program, programs
from cli.stack.supervision import Supervisor, configuration, start_supervisor
from cs2.settings import Settings

Progress = Callable[[str], None]
POLL_SECONDS = 0.25
START_SECONDS = {"mlflow": 180.0}
"""Time limits of programs that start slowly: MLflow migrates its database at its first start."""
USUAL_START_SECONDS = 180.0
MAX_EXITS = 3
SERVERS, ALL = 1, 9
MIN_FREE_MB = 500
TAIL_LINES = 15
SECRETS = {"CS2_PANDASCORE_TOKEN"}


@dataclass(slots=True)
class Stack:
    """A stack that this process has started.

    Attributes:
        layout: Folder, ports and settings.
        programs: Programs in the order of their start.
        supervisor: Client of supervisor.
        child: Process of supervisor.
        seconds: Seconds until each program was healthy.
        exits: Number of times each program was seen dead during the start.
    """

    layout: Layout
    programs: Sequence[Program]
    supervisor: Supervisor
    child: "subprocess.Popen[bytes]"
    seconds: dict[str, float] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)

    def wait(self) -> None:
        """Block until supervisor ends."""
        self.child.wait()


@contextlib.contextmanager
def running_stack(
    data: Path,
    *,
    ports: Mapping[str, int] | None = None,
    overrides: Mapping[str, str] | None = None,
    progress: Progress = print,
    cancelled: Callable[[], bool] = lambda: False,
    stages: int = ALL,
) -> Iterator[Stack]:
    """Run the stack during the block.

    Args:
        data: Folder of everything that the stack writes.
        ports: Requested ports by service.
        overrides: Settings (``CS2_…``) besides those that follow from the layout.
        progress: Gets a line for each step.
        cancelled: Returns whether the user wants to stop before the start is complete.
        stages: Number of stages to start; ``SERVERS`` starts only the embedded servers.

    Raises:
        StackError: If a program cannot start; those that run are stopped.
    """
    _check_folder(data)
    if owned_processes(data):
        raise StackError(f"a stack runs in {data} already, or a crash left processes of it running: cs2 down ends them")
    layout = plan(data, ports=ports or {}, overrides={**_user_settings(), **(overrides or {})})
    postgres = prepare(data)
    if data not in postgres.data.parents:
        progress(f"PostgreSQL runs as {postgres.user} without access to {data}: its data is in {postgres.data.parent}")
    parts = programs(layout, postgres)
    _write_files(layout, parts)
    environment = {**_inherited(), **_secrets(), **layout.environment()}
    child = start_supervisor(layout, environment)
    stack = Stack(layout, parts, Supervisor(layout), child)
    try:
        _wait_for_supervisor(stack)
        layout.save()
        for stage, members in groupby(parts, key=lambda program: program.stage):
            if stage > stages:
                break
            if stage == 2:
                _prepare_databases(layout, progress)
            _start_stage(stack, list(members), progress, cancelled)
        yield stack
    finally:
        _stop(stack, _ignoring_closed_output(progress))


def _inherited() -> dict[str, str]:
    """Return the user's environment without the settings of another stack."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CS2_", "DAGSTER_", "MLFLOW_"))}


def _user_settings() -> dict[str, str]:
    """Return the settings in the user's environment, without those that follow from the layout and without secrets."""
    placed = {"database_url", "redis_url", "mongo_url", "mlflow_url", "dagster_url", "api_url", "data_dir", "jwt_key"}
    names = {f"CS2_{name}".upper() for name in Settings.model_fields if name not in placed}
    return {name: value for name, value in os.environ.items() if name in names - SECRETS}


def _secrets() -> dict[str, str]:
    """Return the tokens in the user's environment: the processes get them, the data folder does not store them."""
    return {name: value for name, value in os.environ.items() if name in SECRETS}


def _check_folder(data: Path) -> None:
    try:
        for folder in ("logs", "valkey", "mongo", "mlflow", "dagster", "archive"):
            (data / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"cannot write into the data folder {data}: {error.strerror}") from error
    free = shutil.disk_usage(data).free // 2**20
    if free < MIN_FREE_MB:
        raise StackError(f"the disk of {data} has {free} MB left; {MIN_FREE_MB} MB are needed")


def _write_files(layout: Layout, parts: Sequence[Program]) -> None:
    path = layout.data / "supervisor.conf"
    path.touch(mode=0o600)  # contains a password
    path.write_text(configuration(layout, parts))
    for name in ("dagster.yaml", "workspace.yaml"):  # Dagster writes into its home folder: each stack needs its own
        shutil.copy(ROOT / "dagster_home" / name, layout.data / "dagster" / name)


def _wait_for_supervisor(stack: Stack) -> None:
    deadline = time.monotonic() + 20
    while not stack.supervisor.is_up():
        if stack.child.poll() is not None or time.monotonic() > deadline:
            raise StackError("supervisor did not start:\n" + _tail(stack.layout.logs / "supervisor.out"))
        time.sleep(POLL_SECONDS)


def _prepare_databases(layout: Layout, progress: Progress) -> None:
    from cs2.storage.migrate import upgrade

    maintenance = layout.database("postgres").replace("+psycopg", "")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        existing = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in ("cs2", "dagster", "mlflow"):
            if name not in existing:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    upgrade(layout.database("cs2"))
    progress("database migrated")


def _start_stage(stack: Stack, members: Sequence[Program], progress: Progress, cancelled: Callable[[], bool]) -> None:
    """Start programs in parallel and wait until all are healthy."""
    began = time.monotonic()
    for program in members:
        stack.supervisor.start(program.name)
    waiting = list(members)
    while waiting:
        if cancelled():
            raise StackError("stopped before the start was complete")
        processes = stack.supervisor.processes()
        for program in list(waiting):
            problem = program.check()
            elapsed = time.monotonic() - began
            if problem is None:
                waiting.remove(program)
                stack.seconds[program.name] = elapsed
                progress(f"{program.name} is up after {elapsed:.1f} s: {program.url}")
            elif _keeps_exiting(stack, program, processes[program.name]) or elapsed > START_SECONDS.get(
                program.name, USUAL_START_SECONDS
            ):
                tail = _tail(stack.layout.logs / f"{program.name}.log")
                raise StackError(f"{program.name} cannot start ({problem}). Its last lines:\n{tail}")
        time.sleep(POLL_SECONDS)


def _keeps_exiting(stack: Stack, program: Program, process: Mapping[str, object]) -> bool:
    """Count an exit of the program; return whether it has ended too often to come up."""
    if process["statename"] in ("EXITED", "BACKOFF", "FATAL"):
        stack.exits[program.name] = stack.exits.get(program.name, 0) + 1
    return stack.exits.get(program.name, 0) >= MAX_EXITS


def _tail(path: Path) -> str:
    if not path.exists():
        return f"(no log at {path})"
    lines = path.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"  {line}" for line in lines) or f"(nothing in {path})"


def _ignoring_closed_output(progress: Progress) -> Progress:
    """Ignore a closed output (``| head``, a closed terminal): a line that fails must not interrupt the stop."""

    def print_line(line: str) -> None:
        with contextlib.suppress(OSError, SystemExit):
            progress(line)

    return print_line


def _stop(stack: Stack, progress: Progress) -> None:
    """Stop the programs in reverse order, then supervisor; kill the processes that remain."""
    progress("stopping")
    with contextlib.suppress(StackError):
        for program in reversed(stack.programs):
            stack.supervisor.stop(program.name)
        stack.supervisor.shut_down()
    stack.supervisor.close()
    try:
        stack.child.wait(20)
    except subprocess.TimeoutExpired:
        stack.child.kill()
        stack.child.wait()
    remaining = owned_processes(stack.layout.data)
    for process in remaining:
        with contextlib.suppress(Exception):
            process.kill()
    killed = f", {len(remaining)} had to be killed" if remaining else ""
    progress(f"all processes have ended{killed}")
