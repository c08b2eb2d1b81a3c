"""Layout of one installation of the stack: folder, ports, URLs, secrets, and the environment of its processes."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cli.stack.errors import StackError
from cli.stack.postgres import SUPERUSER
from cli.stack.servers import claim, free_port, port_is_free
from cs2.settings import RENAMED, Settings

ROOT = Path(__file__).parents[2]
"""The checkout."""

PREFERRED_PORTS = {
    "api": 8000,
    "dagster": 3000,
    "mlflow": 5000,
    "postgres": 5433,
    "redis": 6380,
    "mongo": 27018,
    "code": 4000,
    "supervisor": 9001,
    "sink": 9102,
}
STACK_MARK = "CS2_STACK"
"""Environment variable of every process of a stack; its value is the data folder."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One installation.

    Attributes:
        data: Folder of everything that the stack writes.
        ports: Port by name of the service.
        overrides: Settings of the user, as environment variables (``CS2_…``).
    """

    data: Path
    ports: Mapping[str, int]
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        """Folder with one log for each process."""
        return self.data / "logs"

    def database(self, name: str, *, driver: str = "psycopg") -> str:
        """URL of a database of the embedded PostgreSQL."""
        return f"postgresql+{driver}://{SUPERUSER}@127.0.0.1:{self.ports['postgres']}/{name}"

    def http(self, name: str) -> str:
        """URL of an HTTP service."""
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def redis(self) -> str:
        """URL of Valkey."""
        return f"redis://127.0.0.1:{self.ports['redis']}/0"

    @property
    def mongo(self) -> str:
        """URL of the MongoDB-wire server."""
        return f"mongodb://127.0.0.1:{self.ports['mongo']}/?directConnection=true"

    def environment(self) -> dict[str, str]:
        """Environment variables of every process of the stack."""
        return {
            "CS2_DATABASE_URL": self.database("cs2"),
            "CS2_REDIS_URL": self.redis,
            "CS2_MONGO_URL": self.mongo,
            "CS2_MLFLOW_URL": self.http("mlflow"),
            "CS2_DAGSTER_URL": self.http("dagster"),
            "CS2_API_URL": self.http("api"),
            "CS2_SINK_METRICS_PORT": str(self.ports["sink"]),
            "CS2_DATA_DIR": str(self.data),
            "CS2_JWT_KEY": secret(self.data, "jwt_key"),
            "DAGSTER_HOME": str(self.data / "dagster"),
            "DAGSTER_POSTGRES_URL": self.database("dagster", driver="psycopg2"),
            "DAGSTER_CODE_HOST": "127.0.0.1",
            "DAGSTER_CODE_PORT": str(self.ports["code"]),
            "DAGSTER_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "OMP_NUM_THREADS": "1",
            STACK_MARK: str(self.data),
            **self.overrides,
        }

    def save(self) -> None:
        """Store ports and settings for the other commands and the next start."""
        content = {"ports": dict(self.ports), "overrides": dict(self.overrides)}
        path = self.data / "stack.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=2))
        partial.replace(path)


def data_folder(chosen: Path | None) -> Path:
    """Return the data folder: the chosen one, else ``CS2_DATA_DIR``, else ``.cs2`` in the checkout."""
    from_environment = os.environ.get("CS2_DATA_DIR")
    return (chosen or (Path(from_environment) if from_environment else ROOT / ".cs2")).absolute()


def load(data: Path) -> Layout | None:
    """Return the layout that was stored in ``data``, or None.

    An earlier version may have stored it: ports added since get their usual number, renamed settings their new name.
    """
    try:
        content = json.loads((data / "stack.json").read_text())
    except FileNotFoundError:
        return None
    overrides = {RENAMED.get(name, name): value for name, value in content["overrides"].items()}
    return Layout(data, {**PREFERRED_PORTS, **content["ports"]}, overrides)


def plan(data: Path, *, ports: Mapping[str, int], overrides: Mapping[str, str]) -> Layout:
    """Choose the ports: the requested ones, else those of the last start, else the usual ones, else free ones.

    Args:
        data: Data folder.
        ports: Requested ports by name of the service.
        overrides: Settings of the user.

    Raises:
        StackError: If a requested port is taken, or its service is unknown.
    """
    unknown = set(ports) - set(PREFERRED_PORTS)
    if unknown:
        raise StackError(f"there is no port {', '.join(sorted(unknown))}; ports: {', '.join(PREFERRED_PORTS)}")
    last = load(data)
    chosen: dict[str, int] = {}
    for name, usual in PREFERRED_PORTS.items():
        if name in ports:
            if not (port_is_free(ports[name]) and claim(ports[name])):
                raise StackError(f"port {ports[name]}, requested for {name}, is taken by another process")
            chosen[name] = ports[name]
            continue
        port = last.ports.get(name, usual) if last else usual
        if port in chosen.values() or not (port_is_free(port) and claim(port)):
            port = free_port()
        chosen[name] = port
    return Layout(data, chosen, dict(overrides))


def secret(data: Path, name: str) -> str:
    """Return a secret of this installation. It is created at first use and readable by its owner only."""
    path = data / "secrets" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def settings_of_running_stack(data: Path | None = None) -> Settings:
    """Return the settings of the stack in the data folder; without one, those of the environment.

    Variables of the environment (``CS2_API_URL`` and others) take precedence over the stored settings.
    """
    layout = load(data_folder(data))
    if layout is None:
        return Settings()
    variables = {**layout.environment(), **os.environ}
    fields = {name.removeprefix("CS2_").lower(): value for name, value in variables.items() if name.startswith("CS2_")}
    return Settings(**{name: value for name, value in fields.items() if name in Settings.model_fields})  # type: ignore[arg-type]
