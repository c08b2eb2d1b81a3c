"""``cs2 check``: read an archive folder and say what would be stored, merged, marked and rejected. Needs no server."""

import dataclasses
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.exit_codes import ExitCode
from cli.printable import printable

if TYPE_CHECKING:
    from pipelines.etl.archive_check import ArchiveReport

OUTCOMES = ("stored", "merged", "repeated", "rejected", "later")
MIN_WIDTH = 100
"""Columns that the table of files needs."""

MARK_EXAMPLES = 20
"""Most marked maps that are listed; ``--json`` has all."""


def check(
    folder: Annotated[Path, typer.Argument(help="Folder of CSV files, as `cs2 up --data` takes.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
    today: Annotated[
        str | None, typer.Option(help="Results after this day wait, YYYY-MM-DD; default: today (CS2_CLOCK_DATE).")
    ] = None,
) -> None:
    """Read an archive folder as the pipeline does, and print every row that it would reject. Changes nothing.

    A row is stored, merged into another row of the same match, repeated (a later row has its key), rejected, or later
    than today. A marked map is stored, but no rating, training or score uses it.

    Exit status: 0 every row would be used; 1 rows would be rejected; 2 a file or the folder cannot be read.
    """
    from cs2.settings import Settings
    from pipelines.etl.archive_check import check_archive
    from pipelines.sources.base import SourceError

    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    console.width = max(console.width, MIN_WIDTH)
    try:
        day = date.fromisoformat(today) if today else Settings().current_day()
    except ValueError as error:
        errors.print(f"--today {today!r} is not a day as YYYY-MM-DD", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    try:
        with errors.status("reading …") as status:
            report = check_archive(folder, day, lambda step: status.update(f"{step} …"))
    except SourceError as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    exit_code = _exit_code(report)
    if as_json:
        typer.echo(json.dumps(_document(report, folder, day, exit_code), ensure_ascii=False, indent=1))
    else:
        _print(report, console)
    raise typer.Exit(exit_code)


def _exit_code(report: "ArchiveReport") -> ExitCode:
    if report.unreadable:
        return ExitCode.WRONG_INPUT
    return ExitCode.FAILURE if report.rejected else ExitCode.OK


def _document(report: "ArchiveReport", folder: Path, day: date, exit_code: ExitCode) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "today": day.isoformat(),
        "exit_status": int(exit_code),
        **dataclasses.asdict(report),
    }


def _print(report: "ArchiveReport", console: Console) -> None:
    for row in report.rejected:
        console.print(f"{row.place}: {'; '.join(row.reasons)}: {printable(row.text)}", markup=False, soft_wrap=True)
    _print_marked(report, console)
    table = Table("file", "lines", "no rows", *OUTCOMES)
    for file in report.files:
        no_rows = file.header + file.empty + file.continued
        counts = (file.lines, no_rows, *(getattr(file, outcome) for outcome in OUTCOMES))
        table.add_row(file.name, *(f"{count:,}" for count in counts))
    console.print(table)
    reasons = Counter(reason for row in report.rejected for reason in row.reasons)
    for reason, count in reasons.most_common():
        console.print(f"rejected {count:,}: {reason}", markup=False, soft_wrap=True)
    for mark, count in Counter(row.mark for row in report.marked).most_common():
        console.print(f"marked {count:,}: {mark}", markup=False, soft_wrap=True)
    for reason in report.unreadable.values():
        console.print(f"cannot be read: {reason}", style="red", markup=False, soft_wrap=True)
    if report.unreadable:
        console.print(
            "no row of the folder is stored until every file can be read", style="red", markup=False, soft_wrap=True
        )
    if report.ignored:
        console.print(f"not read: {', '.join(report.ignored)}", markup=False, soft_wrap=True)


def _print_marked(report: "ArchiveReport", console: Console) -> None:
    contradictions = [row for row in report.marked if row.reason]
    for row in contradictions[:MARK_EXAMPLES]:
        console.print(
            f"{row.file_name} line {row.line_number}: marked {row.mark}: {row.reason}", markup=False, soft_wrap=True
        )
    if len(contradictions) > MARK_EXAMPLES:
        console.print(f"… and {len(contradictions) - MARK_EXAMPLES:,} more marked maps: --json lists them")
