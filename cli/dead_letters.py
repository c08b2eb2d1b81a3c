"""``cs2 dead-letters``: events that could never be stored, with the reasons; and their way back onto the stream."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import redis
import typer
from rich.console import Console
from rich.table import Table

from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack
from cs2.messages import DEAD_EVENTS_STREAM, EVENT_FIELD, EVENTS_STREAM
from ingest_worker.events import DeadEventError, document_of

app = typer.Typer(no_args_is_help=True, help="Events that could not be stored, and why.")

PAGE = 500
SERVER_SECONDS = 10.0
REPLAY = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[3])
return 1
"""
"""One step in Redis: whatever dies, a letter is in exactly one of the two streams; two replays move it once."""

Letter = tuple[bytes, dict[bytes, bytes]]


@app.callback()
def dead_letters() -> None:
    """Events that could not be stored, and why."""


@app.command("list")
def list_letters(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Print every dead letter: its id, its reason, and whether a replay would be taken now."""
    table = Table("id", "reason", "now")
    with _server() as server:
        for key, fields in _letters(server):
            reason, wrong = _text(fields.get(b"reason", b"")), _wrong(fields)
            if as_json:
                typer.echo(json.dumps({"id": key.decode(), "reason": reason, "wrong": wrong}))
            else:
                table.add_row(key.decode(), reason, "can be replayed" if wrong is None else wrong)
    if not as_json:
        Console().print(table if table.row_count else "no dead letters")


@app.command("show")
def show_letter(letter_id: Annotated[str, typer.Argument(help="Id of the letter, as listed.")]) -> None:
    """Print one dead letter whole."""
    with _server() as server:
        ((_, fields),) = _chosen(server, [letter_id])
    shown = {name.decode(): _text(value) for name, value in fields.items() if name != EVENT_FIELD}
    typer.echo(json.dumps({"id": letter_id, **shown, "wrong": _wrong(fields)}, indent=2))
    typer.echo(_text(fields.get(EVENT_FIELD, b"")))


@app.command()
def replay(
    letter_ids: Annotated[list[str] | None, typer.Argument(help="Ids of the letters, as listed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every letter that can be stored now.")] = False,
) -> None:
    """Put letters back onto the stream, each as one step; what is still wrong stays, and is told.

    The sink ignores an event that is stored already. Exit status 1 where one that was asked for stays.
    """
    console, replayed, stay = Console(), 0, 0
    if bool(letter_ids) == everything:
        _fail("give the ids of letters, or --all", ExitCode.WRONG_INPUT)
    with _server() as server:
        script = server.register_script(REPLAY)
        for key, fields in _letters(server) if everything else _chosen(server, letter_ids or []):
            wrong = _wrong(fields)
            if wrong is not None:
                stay += 1
                console.print(f"{key.decode()} stays: {wrong}", markup=False, highlight=False)
                continue
            replayed += int(
                script(keys=[DEAD_EVENTS_STREAM, EVENTS_STREAM], args=[key, EVENT_FIELD, fields[EVENT_FIELD]])
            )
    console.print(f"{replayed} replayed, {stay} stay", highlight=False)
    if stay and not everything:
        raise typer.Exit(ExitCode.FAILURE)


def _wrong(fields: dict[bytes, bytes]) -> str | None:
    """Why the sink would put it aside again; None if nothing is seen."""
    try:
        document_of(fields.get(EVENT_FIELD, b""))
    except DeadEventError as error:
        return str(error)
    return None


def _letters(server: redis.Redis) -> Iterator[Letter]:
    """All letters, the oldest first; those that are put aside meanwhile are left for the next time."""
    newest: Any = server.xrevrange(DEAD_EVENTS_STREAM, count=1)
    start, end = "-", newest[0][0] if newest else b"0"
    while True:
        page: Any = server.xrange(DEAD_EVENTS_STREAM, start, end, count=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        start = "(" + page[-1][0].decode()


def _chosen(server: redis.Redis, letter_ids: list[str]) -> list[Letter]:
    found: list[Letter] = []
    for letter_id in letter_ids:
        try:
            page: Any = server.xrange(DEAD_EVENTS_STREAM, letter_id, letter_id)
        except redis.ResponseError:
            page = []
        if not page:
            _fail(f"there is no dead letter {letter_id}; see: cs2 dead-letters list", ExitCode.WRONG_INPUT)
        found += page
    return found


@contextmanager
def _server() -> Iterator[redis.Redis]:
    settings = settings_of_running_stack()
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=SERVER_SECONDS) as server:
            yield server
    except redis.RedisError as error:
        _fail(f"Redis at {settings.redis_url.rpartition('@')[2]} does not answer: {error}", ExitCode.FAILURE)


def _fail(reason: str, status: ExitCode) -> NoReturn:
    Console(stderr=True).print(reason, style="red", markup=False, highlight=False)
    raise typer.Exit(status)


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")
