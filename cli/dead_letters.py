"""``cs2 dead-letters``: list, show and replay events that could not be stored."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import redis
import typer
from rich.console import Console
from rich.table import Table

from cli.database import fail
from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack
from cs2.messages import DEAD_EVENTS_STREAM, EVENT_FIELD, EVENTS_STREAM
from ingest_worker.events import DeadEventError, build_document

app = typer.Typer(no_args_is_help=True, help="List, show and replay events that could not be stored.")

PAGE = 500
SERVER_SECONDS = 10.0
REPLAY = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[3])
return 1
"""
"""Moves a letter in one step: after any crash it is in exactly one of the two streams; two replays move it once."""

Letter = tuple[bytes, dict[bytes, bytes]]


@app.callback()
def dead_letters() -> None:
    """List, show and replay events that could not be stored."""


@app.command("list")
def list_letters(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """List the dead letters: id, reason, and whether a replay would succeed now."""
    table = Table("id", "reason", "now")
    with _server() as server:
        for key, fields in _letters(server):
            reason, error = _text(fields.get(b"reason", b"")), _validation_error(fields)
            if as_json:
                typer.echo(json.dumps({"id": key.decode(), "reason": reason, "wrong": error}))
            else:
                table.add_row(key.decode(), reason, "can be replayed" if error is None else error)
    if not as_json:
        Console().print(table if table.row_count else "no dead letters")


@app.command("show")
def show_letter(letter_id: Annotated[str, typer.Argument(help="Id of the letter, as listed.")]) -> None:
    """Show one dead letter with its event."""
    with _server() as server:
        ((_, fields),) = _letters_by_id(server, [letter_id])
    details = {name.decode(): _text(value) for name, value in fields.items() if name != EVENT_FIELD}
    typer.echo(json.dumps({"id": letter_id, **details, "wrong": _validation_error(fields)}, indent=2))
    typer.echo(_text(fields.get(EVENT_FIELD, b"")))


@app.command()
def replay(
    letter_ids: Annotated[list[str] | None, typer.Argument(help="Ids of the letters, as listed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Replay every letter that can be stored now.")] = False,
) -> None:
    """Move letters back to the stream of events. Letters that still cannot be stored stay, with the reason.

    The sink ignores events that are stored already. Exit status 1: a letter given by its id stays.
    """
    console, replayed, stay = Console(), 0, 0
    if bool(letter_ids) == everything:
        fail("give the ids of letters, or --all", ExitCode.WRONG_INPUT)
    with _server() as server:
        script = server.register_script(REPLAY)
        for key, fields in _letters(server) if everything else _letters_by_id(server, letter_ids or []):
            error = _validation_error(fields)
            if error is not None:
                stay += 1
                console.print(f"{key.decode()} stays: {error}", markup=False, highlight=False)
                continue
            replayed += int(
                script(keys=[DEAD_EVENTS_STREAM, EVENTS_STREAM], args=[key, EVENT_FIELD, fields[EVENT_FIELD]])
            )
    console.print(f"{replayed} replayed, {stay} stay", highlight=False)
    if stay and not everything:
        raise typer.Exit(ExitCode.FAILURE)


def _validation_error(fields: dict[bytes, bytes]) -> str | None:
    """Return the reason for which the sink would reject the event once more, or None."""
    try:
        build_document(fields.get(EVENT_FIELD, b""))
    except DeadEventError as error:
        return str(error)
    return None


def _letters(server: redis.Redis) -> Iterator[Letter]:
    """Yield all letters that exist now, the oldest first."""
    newest: Any = server.xrevrange(DEAD_EVENTS_STREAM, count=1)
    start, end = "-", newest[0][0] if newest else b"0"
    while True:
        page: Any = server.xrange(DEAD_EVENTS_STREAM, start, end, count=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        start = "(" + page[-1][0].decode()


def _letters_by_id(server: redis.Redis, letter_ids: list[str]) -> list[Letter]:
    letters: list[Letter] = []
    for letter_id in letter_ids:
        try:
            page: Any = server.xrange(DEAD_EVENTS_STREAM, letter_id, letter_id)
        except redis.ResponseError:
            page = []
        if not page:
            fail(f"there is no dead letter {letter_id}; see: cs2 dead-letters list", ExitCode.WRONG_INPUT)
        letters += page
    return letters


@contextmanager
def _server() -> Iterator[redis.Redis]:
    settings = settings_of_running_stack()
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=SERVER_SECONDS) as server:
            yield server
    except redis.RedisError as error:
        fail(f"Redis at {settings.redis_url.rpartition('@')[2]} does not answer: {error}", ExitCode.FAILURE)


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")
