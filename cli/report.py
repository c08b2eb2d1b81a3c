"""``cs2 report``: one page about the forecasts of some days and their outcomes."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack

if TYPE_CHECKING:
    from cs2.settings import Settings
    from pipelines.evaluation.drift import Drift
    from pipelines.evaluation.report import ReportData


def report(
    first: Annotated[str, typer.Option("--from", help="First day of play, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day of play.")],
    out: Annotated[Path, typer.Option(help="FILE.html; an existing file is replaced.")],
) -> None:
    """Write one HTML page: the scored forecasts of these days beside both Elos, by week, model, tier and map.

    The page also lists the automatic forecasts, and shows the drift of the newest questions. It needs no other file.
    """
    from pymongo.errors import PyMongoError

    errors, console = Console(stderr=True), Console()
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        errors.print(f"{error}; give days as YYYY-MM-DD", style="red", markup=False)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    if days[0] > days[1] or not out.parent.is_dir() or out.is_dir():
        problem = f"{out} cannot be written" if days[0] <= days[1] else f"{first} is after {last}"
        errors.print(problem, style="red", markup=False)
        raise typer.Exit(ExitCode.WRONG_INPUT)
    try:
        data = _read(settings_of_running_stack(), *days)
    except PyMongoError as error:
        errors.print(f"the history cannot be read: {error}", style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    from pipelines.evaluation.report import render_report

    unfinished = out.with_name(f".{out.name}.part")
    unfinished.write_text(render_report(data), encoding="utf-8")
    unfinished.replace(out)
    summary = f"{len(data.scored)} of {data.n_forecasts} forecasts are scored; the page is {out}"
    console.print(summary, markup=False, highlight=False, soft_wrap=True)


def _read(settings: "Settings", first: date, last: date) -> "ReportData":
    from cs2.calendar import day_number
    from pipelines.evaluation.report import ReportData
    from pipelines.evaluation.scored_forecasts import read_scored_forecasts
    from pipelines.evaluation.stored_forecasts import count_forecasts
    from pipelines.resources import Mongo

    with Mongo(url=settings.mongo_url, name=settings.mongo_database).database() as history:
        scored = read_scored_forecasts(history)
        n_forecasts = count_forecasts(history, first, last)
        drift = _drift(settings, history)
    is_within = scored["day"].between(day_number(first), day_number(last))
    return ReportData(first=first, last=last, n_forecasts=n_forecasts, scored=scored[is_within], drift=drift)


def _drift(settings: "Settings", history: object) -> "dict[str, Drift]":
    """Measure the drift of the served model's questions. If a server is away, the drift holds the reason."""
    from sqlalchemy.exc import SQLAlchemyError

    from cs2.storage.model_registry import get_champion
    from pipelines.evaluation.drift import MAX_RECENT, REFERENCES, Drift, drift_since_training
    from pipelines.evaluation.stored_forecasts import read_recent_contributions
    from pipelines.mlflow_client import MlflowError, MlflowTracking
    from pipelines.resources import Database

    try:
        with Database(url=settings.database_url).transaction() as session:
            champion = get_champion(session)
        version = champion.version if champion else 0
        recent = {kind: read_recent_contributions(history, version, kind, limit=MAX_RECENT) for kind in REFERENCES}
        return drift_since_training(champion, recent, MlflowTracking(url=settings.mlflow_url))
    except (SQLAlchemyError, MlflowError) as error:
        return dict.fromkeys(REFERENCES, Drift(indices={}, problem=str(error).splitlines()[0]))
