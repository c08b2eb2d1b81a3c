"""The processes of the stack: commands, order of start and health checks."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from cli.http_client import http_client
from cli.stack import servers
from cli.stack.layout import Layout
from cli.stack.postgres import PostgresServer
from cli.stack.servers import CHECK_SECONDS, Check, script


@dataclass(frozen=True, slots=True)
class Program:
    """One process.

    Attributes:
        name: Name in the output, the logs and supervisor.
        command: Words of the command.
        url: URL of the process; without a port, that of the server it works for.
        check: Health check.
        stage: It starts when all programs of the lower stages are healthy.
        user: System user; None for the current user.
        stop_signal: Signal that ends it cleanly.
        environment: Environment variables of this program only.
    """

    name: str
    command: Sequence[str]
    url: str
    check: Check
    stage: int
    user: str | None = None
    stop_signal: str = "TERM"
    environment: dict[str, str] = field(default_factory=dict)


def programs(layout: Layout, postgres: PostgresServer) -> list[Program]:
    """Return all programs in the order of their start."""
    ports = layout.ports
    maintenance = layout.database("postgres")
    dagster_web, api, mlflow, sink = (layout.http(name) for name in ("dagster", "api", "mlflow", "sink"))
    code = ["--host", "127.0.0.1", "--port", str(ports["code"])]
    return [
        Program(
            "postgres",
            postgres.command(ports["postgres"]),
            layout.database("cs2").replace("+psycopg", ""),
            lambda: servers.postgres_check(maintenance),
            stage=1,
            user=postgres.user,
            stop_signal="INT",
        ),
        Program(
            "valkey",
            servers.valkey_command(ports["redis"], layout.data / "valkey"),
            layout.redis,
            lambda: servers.redis_check(layout.redis),
            stage=1,
        ),
        Program(
            "mongo",
            servers.mongo_command(ports["mongo"], layout.data / "mongo"),
            layout.mongo,
            lambda: servers.mongo_check(layout.mongo),
            stage=1,
        ),
        Program(
            "mlflow",
            _mlflow(layout),
            mlflow,
            lambda: servers.http_check(f"{mlflow}/health"),
            stage=2,
        ),
        Program(
            "dagster-code",
            # It ignores SIGTERM and has no state to lose.
            [script("dagster"), "code-server", "start", *code, "-m", "pipelines.definitions"],
            f"grpc://127.0.0.1:{ports['code']}",
            lambda: servers.port_check(ports["code"]),
            stage=2,
            stop_signal="KILL",
        ),
        Program(
            "api",
            [sys.executable, "-m", "serving", "--port", str(ports["api"])],
            api,
            lambda: servers.http_check(f"{api}/health/live"),
            stage=2,
        ),
        Program(
            "sink",
            [sys.executable, "-m", "ingest_worker"],
            f"{sink}/metrics",
            lambda: (
                servers.redis_check(layout.redis)
                or servers.mongo_check(layout.mongo)
                or servers.http_check(f"{sink}/metrics")
            ),
            stage=2,
        ),
        Program(
            "dagster",
            [script("dagster-webserver"), "-h", "127.0.0.1", "-p", str(ports["dagster"]), "-w",
             str(layout.data / "dagster" / "workspace.yaml")],
            dagster_web,
            lambda: servers.http_check(f"{dagster_web}/server_info"),
            stage=3,
        ),
        Program(
            "dagster-daemon",
            [script("dagster-daemon"), "run", "-w", str(layout.data / "dagster" / "workspace.yaml")],
            dagster_web,
            lambda: daemon_check(dagster_web),
            stage=4,
        ),
    ]  # fmt: skip


def _mlflow(layout: Layout) -> list[str]:
    return [
        script("mlflow"),
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(layout.ports["mlflow"]),
        "--workers",
        "1",
        "--backend-store-uri",
        layout.database("mlflow", driver="psycopg2"),
        "--artifacts-destination",
        str(layout.data / "mlflow"),
    ]


def daemon_check(webserver: str) -> str | None:
    """Query Dagster's web server for the heartbeats of its daemons; return the problem, if any."""
    import httpx

    query = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
    try:
        with http_client(webserver, CHECK_SECONDS) as client:
            answer = client.post("/graphql", json={"query": query}).json()
    except (httpx.HTTPError, ValueError) as error:
        return f"{webserver}: {error}"
    statuses = answer["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
    silent = [status["daemonType"] for status in statuses if status["required"] and not status["healthy"]]
    return f"no heartbeat of {', '.join(silent)}" if silent else None
