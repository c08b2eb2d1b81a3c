"""``cs2 ingest``: load results from the source and rebuild everything that depends on them, in the running stack."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.exit_codes import ExitCode
from cli.printable import printable
from cli.run_outcome import RunOutcome
from cli.runs import DagsterError, DagsterRuns, follow_to_the_end
from cli.stack.layout import settings_of_running_stack

if TYPE_CHECKING:
    from cs2.settings import Settings

JOB = "ingest_job"
RAW_ROWS = "raw_rows"
TABLES = "map_results"
REJECTED = "rejected_rows"
RATINGS = "rating_snapshots"
KINDS = {
    "map": "maps",
    "series": "series",
    "standing": "standings",
    "player_map": "player statistics",
    "fixture": "announced",
    "lineup": "lineups",
    "veto": "steps of vetoes",
    "identity": "decisions about identities",
}


def ingest(
    path: Annotated[
        Path | None,
        typer.Option(
            help="Folder of CSV files to copy into the watched folder first; files of the same name are replaced."
        ),
    ] = None,
    accept_removed_rows: Annotated[
        bool,
        typer.Option(
            "--accept-removed-rows",
            help="Retract however many rows the files no longer hold. Without it, a loss of many rows is refused.",
        ),
    ] = False,
) -> None:
    """Load every month of the source, rebuild the tables and the ratings, and print the numbers of rows.

    It is not necessary for new files, because a sensor detects them. It can be repeated without harm.
    """
    console, errors = Console(), Console(stderr=True)
    settings = settings_of_running_stack()
    if path is not None:
        problem = copy_into_watched_folder(path, settings)
        if problem:
            errors.print(problem, style="red", markup=False)
            raise typer.Exit(ExitCode.WRONG_INPUT)
    from pipelines.defs.etl.jobs import ACCEPT_LOSSES_TAG, range_tags
    from pipelines.sources.months import FIRST_MONTH

    last = settings.current_day().replace(day=1).isoformat()
    tags = range_tags(FIRST_MONTH, last) | ({ACCEPT_LOSSES_TAG: "true"} if accept_removed_rows else {})
    try:
        with DagsterRuns(settings.dagster_url) as runs:
            outcome = follow_to_the_end(runs, runs.launch(JOB, tags=tags), console)
    except DagsterError as error:
        errors.print(str(error), style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    raise typer.Exit(report_ingest(outcome, console))


def copy_into_watched_folder(path: Path, settings: "Settings") -> str | None:
    """Copy the files of an archive into the watched folder, each in one step.

    Returns:
        The problem with the files, or None.
    """
    from cs2.settings import SourceName
    from pipelines.sources.archive import ArchiveSource
    from pipelines.sources.base import SourceError

    if SourceName.ARCHIVE not in settings.sources:
        return f"this stack reads {', '.join(settings.sources)}: start it with CS2_SOURCES=archive to ingest files"
    archive, watched = ArchiveSource(path), settings.watched_folder()
    try:
        archive.published(settings.current_day())
    except SourceError as error:
        return str(error)
    if path.resolve() == watched.resolve():
        return None
    watched.mkdir(parents=True, exist_ok=True)
    for file in archive.files():
        unfinished = watched / f".{file.name}.part"  # the sensor ignores names with a leading dot
        shutil.copyfile(file, unfinished)
        unfinished.replace(watched / file.name)
    return None


def report_ingest(outcome: RunOutcome, console: Console) -> ExitCode:
    """Print the numbers of rows and return the exit status."""
    left_out = outcome.metadata.get(RAW_ROWS, {}).get("left_out")
    if left_out:
        console.print(f"left out: {left_out}", style="yellow", markup=False)
    if TABLES in outcome.metadata:
        console.print(_counts(outcome.metadata[TABLES]))
    for line in _rejections(outcome.metadata.get(REJECTED, {})):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    ratings = outcome.metadata.get(RATINGS)
    if ratings:
        change = "new" if ratings["is_new"] else "unchanged"
        console.print(f"ratings {change}: {ratings['rated_rows']} rated rows through {ratings['as_of']}")
    if any("SourceError" in failure.kinds for failure in outcome.failures):
        return ExitCode.WRONG_INPUT
    for asset, checks in outcome.failed_checks.items():
        for name, reason in checks.items():
            console.print(f"{asset}: {name} failed {reason}", style="red", markup=False)
    return ExitCode.OK if outcome.status == "SUCCESS" and not outcome.failed_checks else ExitCode.FAILURE


def _rejections(metadata: dict[str, Any]) -> Iterator[str]:
    """Yield each reason with the number of its rows, and some of them."""
    for entry in json.loads(metadata.get("examples", "[]")):
        yield f"rejected {entry['rows']:,}: {printable(entry['reason'])}"
        yield from (f"  {printable(example)}" for example in entry["examples"])
        if entry["rows"] > len(entry["examples"]):
            yield f"  … and {entry['rows'] - len(entry['examples']):,} more: cs2 check lists the rows of a folder"


def _counts(metadata: dict[str, Any]) -> Table:
    table = Table("rows", "published", "stored", "merged", "rejected", title="rows of the source")
    for kind, title in KINDS.items():
        stored, merged, rejected = (
            int(metadata.get(f"{kind}_rows_{outcome}", 0)) for outcome in ("stored", "merged", "rejected")
        )
        published = stored + merged + rejected
        if published:
            table.add_row(title, f"{published:,}", f"{stored:,}", f"{merged:,}", f"{rejected:,}")
    return table
