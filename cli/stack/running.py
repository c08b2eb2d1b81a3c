"""Start the stack in order, wait for its health, and end it in order."""

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
"""MLflow migrates its database at its first start."""
USUAL_START_SECONDS = 180.0
MAX_EXITS = 3
SERVERS, ALL = 1, 9
MIN_FREE_MB = 500
TAIL_LINES = 15
SECRETS = {"CS2_PANDASCORE_TOKEN"}


@dataclass(slots=True)
class Stack:
    """A stack that was started by this process.

    Attributes:
        layout: Where it is.
        programs: Its processes, in the order of their start.
        seconds: How long each took to be well.
        exits: How often each was seen dead while it was waited for.
    """

    layout: Layout
    programs: Sequence[Program]
    supervisor: Supervisor
    child: "subprocess.Popen[bytes]"
    seconds: dict[str, float] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)

    def wait(self) -> None:
        """Block until supervisor ends, which it does only when something ends it."""
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
    """The whole stack, well, for the time of the block.

    Args:
        data: Folder of everything it writes.
        ports: Ports by service, where the user asked for some.
        overrides: Settings (``CS2_…``) beside those that follow from the layout.
        progress: Told what happens, a line at a time.
        cancelled: Asked while waiting: whether the user wants to stop before all is up.
        stages: So many stages only: ``SERVERS`` starts no part of ours.

    Raises:
        StackError: If something cannot start; all that was started is ended again.
    """
    _check_folder(data)
    if owned_processes(data):
        raise StackError(f"a stack runs in {data} already, or a crash left processes of it behind; end them: cs2 down")
    layout = plan(data, ports=ports or {}, overrides={**_told(), **(overrides or {})})
    postgres = prepare(data)
    if data not in postgres.data.parents:
        progress(f"PostgreSQL runs as {postgres.user}, who may not enter {data}: its data is in {postgres.data.parent}")
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
        _stop(stack, _whether_heard_or_not(progress))


def _inherited() -> dict[str, str]:
    """The user's environment without settings of another stack."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CS2_", "DAGSTER_", "MLFLOW_"))}


def _told() -> dict[str, str]:
    """Settings in the user's environment that do not follow from the layout: how the stack behaves, not where it is."""
    where = {"database_url", "redis_url", "mongo_url", "mlflow_url", "dagster_url", "api_url", "data_dir", "jwt_key"}
    names = {f"CS2_{name}".upper() for name in Settings.model_fields if name not in where}
    return {name: value for name, value in os.environ.items() if name in names - SECRETS}


def _secrets() -> dict[str, str]:
    """Tokens in the user's environment: handed on to the processes, not remembered in the data folder."""
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
    path.touch(mode=0o600)  # it holds a password
    path.write_text(configuration(layout, parts))
    for name in ("dagster.yaml", "workspace.yaml"):  # Dagster writes into its home: each stack has its own
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
        there = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in ("cs2", "dagster", "mlflow"):
            if name not in there:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    upgrade(layout.database("cs2"))
    progress("database migrated")


def _start_stage(stack: Stack, members: Sequence[Program], progress: Progress, cancelled: Callable[[], bool]) -> None:
    """Start programs side by side and wait until all are well."""
    began = time.monotonic()
    for program in members:
        stack.supervisor.start(program.name)
    waiting = list(members)
    while waiting:
        if cancelled():
            raise StackError("stopped before everything was up")
        processes = stack.supervisor.processes()
        for program in list(waiting):
            wrong = program.check()
            elapsed = time.monotonic() - began
            if wrong is None:
                waiting.remove(program)
                stack.seconds[program.name] = elapsed
                progress(f"{program.name} is up after {elapsed:.1f} s: {program.url}")
            elif _exits(stack, program, processes[program.name]) or elapsed > START_SECONDS.get(
                program.name, USUAL_START_SECONDS
            ):
                tail = _tail(stack.layout.logs / f"{program.name}.log")
                raise StackError(f"{program.name} cannot start ({wrong}). Its last lines:\n{tail}")
        time.sleep(POLL_SECONDS)


def _exits(stack: Stack, program: Program, process: Mapping[str, object]) -> bool:
    """Whether it ended again and again instead of coming up."""
    if process["statename"] in ("EXITED", "BACKOFF", "FATAL"):
        stack.exits[program.name] = stack.exits.get(program.name, 0) + 1
    return stack.exits.get(program.name, 0) >= MAX_EXITS


def _tail(path: Path) -> str:
    if not path.exists():
        return f"(no log at {path})"
    lines = path.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"  {line}" for line in lines) or f"(nothing in {path})"


def _whether_heard_or_not(progress: Progress) -> Progress:
    """Where nobody reads any more (``| head``, a closed terminal) telling fails, or ends the command: not now."""

    def tell(line: str) -> None:
        with contextlib.suppress(OSError, SystemExit):
            progress(line)

    return tell


def _stop(stack: Stack, progress: Progress) -> None:
    """End the programs in reverse order, then supervisor; whatever is left is killed."""
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
    left = owned_processes(stack.layout.data)
    for process in left:
        with contextlib.suppress(Exception):
            process.kill()
    progress("all processes have ended" if not left else f"all processes have ended, {len(left)} had to be killed")
