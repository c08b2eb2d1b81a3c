"""Database session, announcements and failures of the commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack
from cs2.announcements import CHANNEL, build_announcement, encode_announcement
from cs2.messages import AnnouncementKind
from cs2.storage.engine import make_engine
from cs2.storage.model_registry import ServedVersions


@contextmanager
def session() -> Iterator[Session]:
    """Open a transaction, committed at the end. Without PostgreSQL, the command fails with a clear line."""
    engine = make_engine(settings_of_running_stack().database_url)
    try:
        with Session(engine, expire_on_commit=False) as transaction, transaction.begin():
            yield transaction
    except OperationalError as error:
        fail(f"PostgreSQL does not answer: {str(error.orig).splitlines()[0]}", ExitCode.FAILURE)
    finally:
        engine.dispose()


def announce(kind: AnnouncementKind, served: ServedVersions, console: Console) -> None:
    """Announce a change to the API processes; call it after the commit. Without Redis they read it from PostgreSQL."""
    import redis

    try:
        with redis.Redis.from_url(settings_of_running_stack().redis_url, socket_timeout=5) as client:
            client.publish(CHANNEL, encode_announcement(build_announcement(kind, served)))
    except redis.RedisError:
        console.print("Redis does not answer: each API process will notice the change within seconds")


def fail(message: str, code: ExitCode) -> NoReturn:
    """Print the message in red and exit."""
    Console(stderr=True).print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(code)
