"""``cs2 rows``: list, retract and restore stored rows, and list the rejected ones. Needs PostgreSQL, not the API."""

import getpass
import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.database import fail, session
from cli.exit_codes import ExitCode
from cs2.settings import SourceName
from pipelines.sources.base import RowKind

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipelines.etl.stored_rows import StoredRow

app = typer.Typer(no_args_is_help=True, help="List, retract and restore stored rows of the sources.")

KINDS = tuple(kind.value for kind in RowKind)
TAKES_EFFECT = "This takes effect when the tables are rebuilt: cs2 ingest"

Source = Annotated[SourceName | None, typer.Option(help="Rows of this source only.")]
Kind = Annotated[str | None, typer.Option(help=f"Rows of this kind only: {', '.join(KINDS)}.")]
Day = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Rows of this day only: YYYY-MM-DD.")
]
Words = Annotated[str | None, typer.Option("--find", help="Part of a name of a team, player, map or event.")]
Limit = Annotated[int, typer.Option(min=1, help="Most rows to print, the newest day first.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
RowId = Annotated[int, typer.Argument(help="Id of the row, as listed by `cs2 rows list`.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides this; by default the user of this computer.")]


@app.callback()
def rows() -> None:
    """List, retract and restore stored rows of the sources."""


@app.command("list")
def list_rows(
    source: Source = None,
    kind: Kind = None,
    day: Day = None,
    words: Words = None,
    result: Annotated[
        int | None, typer.Option(help="The row of this map result, by the id that the API shows.")
    ] = None,
    retracted: Annotated[bool, typer.Option("--retracted", help="Retracted rows only.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List stored rows with their ids, and whether each is used, rejected or retracted, with the reason."""
    found = _find(source, kind, day, words, limit, result_id=result, retracted=retracted or None)
    if as_json:
        _print_json(found[:limit])
        return
    table = Table("id", "source", "kind", "date", "row", "result", "state", box=None)
    for row in found[:limit]:
        table.add_row(str(row.id), row.source, row.kind, row.day, row.title, str(row.result_id or ""), row.state)
    _print_table(table, found, limit)


@app.command()
def rejected(
    source: Source = None,
    kind: Kind = None,
    day: Day = None,
    words: Words = None,
    reason: Annotated[str | None, typer.Option(help="Part of a reason.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List rejected rows with every reason, and file and line where they are in the watched folder."""
    found = _find(source, kind, day, words, limit, reason=reason, rejected=True)
    if as_json:
        _print_json(found[:limit])
        return
    table = Table("id", "source", "kind", "date", "row", "file", "reasons", box=None)
    for row in found[:limit]:
        reasons = "; ".join(row.reasons or ())
        table.add_row(str(row.id), row.source, row.kind, row.day, row.title, row.place or "", reasons)
    _print_table(table, found, limit)


@app.command()
def retract(
    row_id: RowId,
    reason: Annotated[str, typer.Option(help="Why the row must not be used. The row stays stored and listed.")],
    by: By = None,
) -> None:
    """Retract a row: it is not used, even when its source publishes it again, until it is restored."""
    from pipelines.etl.stored_rows import retract as retract_row

    if not reason.strip():
        fail("give a reason: --reason 'the match was annulled'", ExitCode.WRONG_INPUT)
    with session() as transaction:
        row = _row(transaction.connection(), row_id)
        if not retract_row(transaction.connection(), row, reason.strip(), by or getpass.getuser()):
            fail(f"row {row_id} is already {row.state}", ExitCode.WRONG_INPUT)
    _confirm(row, "retracted")


@app.command()
def restore(row_id: RowId, by: By = None) -> None:
    """Undo `retract`: the row is used again, if its source still has it."""
    from pipelines.etl.stored_rows import restore as restore_row

    with session() as transaction:
        row = _row(transaction.connection(), row_id)
        if not restore_row(transaction.connection(), row, by or getpass.getuser()):
            by_source = f"; it is {row.state}" if row.retraction else ""
            fail(f"row {row_id} is not retracted by an operator{by_source}", ExitCode.WRONG_INPUT)
    _confirm(row, "restored")


def _find(
    source: SourceName | None, kind: str | None, day: datetime | None, words: str | None, limit: int, **conditions: Any
) -> "list[StoredRow]":
    """Find the newest rows; one more than ``limit`` shows that there are more."""
    from pipelines.etl.stored_rows import find_rows

    with session() as transaction:
        return find_rows(
            transaction.connection(),
            limit=limit + 1,
            source=source,
            kind=_kind(kind),
            day=f"{day:%Y-%m-%d}" if day else None,
            words=words,
            **conditions,
        )


def _kind(kind: str | None) -> str | None:
    if kind is not None and kind not in KINDS:
        fail(f"there is no kind {kind}: use {', '.join(KINDS)}", ExitCode.WRONG_INPUT)
    return kind


def _row(connection: "Connection", row_id: int) -> "StoredRow":
    from pipelines.etl.stored_rows import get_row

    row = get_row(connection, row_id)
    if row is None:
        fail(f"no stored row has the id {row_id}; see: cs2 rows list", ExitCode.WRONG_INPUT)
    return row


def _confirm(row: "StoredRow", state: str) -> None:
    console = Console(highlight=False)
    console.print(f"{row.source} {row.kind} of {row.day}, {row.title}: {state}. {TAKES_EFFECT}", markup=False)


def _print_json(found: "list[StoredRow]") -> None:
    for row in found:
        facts = {**asdict(row), "state": row.state, "file": row.place}
        typer.echo(json.dumps(facts, default=str, ensure_ascii=False))


def _print_table(table: Table, found: "list[StoredRow]", limit: int) -> None:
    console = Console(highlight=False)
    console.print(table if found else "no such row is stored")
    if len(found) > limit:
        console.print(f"more rows than {limit}: narrow the search, or raise --limit")
