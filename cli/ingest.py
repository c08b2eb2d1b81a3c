"""``cs2 ingest``: land results and rebuild everything that follows, in the running stack."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.exit_codes import ExitCode
from cli.run_outcome import RunOutcome
from cli.runs import DagsterError, DagsterRuns, follow_to_the_end
from cli.stack.layout import settings_of_running_stack

if TYPE_CHECKING:
    from cs2.settings import Settings

JOB = "ingest_job"
LANDED = "raw_rows"
TABLES = "map_results"
RATINGS = "rating_snapshots"
KINDS = {
    "map": "maps",
    "series": "series",
    "standing": "standings",
    "player_map": "player statistics",
    "fixture": "to come",
}


def ingest(
    path: Annotated[
        Path | None,
        typer.Option(help="A folder of CSV files, copied into the watched folder first; equal names are replaced."),
    ] = None,
) -> None:
    """Land every month of the source, rebuild the tables and renew the ratings; print what became of the rows.

    Not needed for new files: a sensor sees them by itself. Landing twice changes nothing.
    """
    console, errors = Console(), Console(stderr=True)
    settings = settings_of_running_stack()
    if path is not None:
        problem = copy_into_watched_folder(path, settings)
        if problem:
            errors.print(problem, style="red", markup=False)
            raise typer.Exit(ExitCode.WRONG_INPUT)
    from pipelines.defs.etl.jobs import range_tags
    from pipelines.sources.months import FIRST_MONTH

    last = settings.current_day().replace(day=1).isoformat()
    try:
        with DagsterRuns(settings.dagster_url) as runs:
            outcome = follow_to_the_end(runs, runs.launch(JOB, tags=range_tags(FIRST_MONTH, last)), console)
    except DagsterError as error:
        errors.print(str(error), style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    raise typer.Exit(report_ingest(outcome, console))


def copy_into_watched_folder(path: Path, settings: "Settings") -> str | None:
    """Copy the files of an archive into the watched folder, each at once; what is wrong with them, if anything."""
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
        unfinished = watched / f".{file.name}.part"  # begins with a dot: nobody reads it
        shutil.copyfile(file, unfinished)
        unfinished.replace(watched / file.name)
    return None


def report_ingest(outcome: RunOutcome, console: Console) -> ExitCode:
    """Print the counts; the exit status that tells how it went."""
    left_out = outcome.metadata.get(LANDED, {}).get("left_out")
    if left_out:
        console.print(f"left out: {left_out}", style="yellow", markup=False)
    if TABLES in outcome.metadata:
        console.print(_counts(outcome.metadata[TABLES]))
    ratings = outcome.metadata.get(RATINGS)
    if ratings:
        news = "new" if ratings["is_new"] else "as before"
        console.print(f"ratings {news}: {ratings['rated_rows']} rated rows through {ratings['as_of']}")
    if any("SourceError" in failure.kinds for failure in outcome.failures):
        return ExitCode.WRONG_INPUT
    for asset, checks in outcome.failed_checks.items():
        for name, reason in checks.items():
            console.print(f"{asset}: {name} failed {reason}", style="red", markup=False)
    return ExitCode.OK if outcome.status == "SUCCESS" and not outcome.failed_checks else ExitCode.FAILURE


def _counts(found: dict[str, Any]) -> Table:
    table = Table("rows", "came in", "stored", "merged", "rejected", title="what became of the published rows")
    for kind, title in KINDS.items():
        stored, merged, rejected = (
            int(found.get(f"{kind}_rows_{outcome}", 0)) for outcome in ("stored", "merged", "rejected")
        )
        came = stored + merged + rejected
        if came:
            table.add_row(title, f"{came:,}", f"{stored:,}", f"{merged:,}", f"{rejected:,}")
    return table
