"""Databases of tests: in PostgreSQL copies of a migrated template, in Redis one a worker."""

import uuid
from collections.abc import Iterator

import psycopg
from psycopg import sql

from cli.stack.temporary import TemporaryServers
from cs2.storage import migrate

TEMPLATE = "cs2_template"


def migrate_template(servers: TemporaryServers) -> None:
    with psycopg.connect(plain(servers.postgres_url("postgres")), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate.upgrade(servers.postgres_url(TEMPLATE))


def redis_database(servers: dict[str, int], worker_number: int) -> str:
    """Return the address of the worker's database in Redis."""
    return f"redis://127.0.0.1:{servers['redis_port']}/{worker_number}"


def plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)


def database(servers: dict[str, int], template: str) -> Iterator[str]:
    base = f"127.0.0.1:{servers['postgres_port']}"
    name = f"test_{uuid.uuid4().hex}"
    admin = f"postgresql://cs2@{base}/postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        # Workers copy the template in turn: PostgreSQL rejects a copy while another session uses the template.
        connection.execute("SELECT pg_advisory_lock(1)")
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    yield f"postgresql+psycopg://cs2@{base}/{name}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
