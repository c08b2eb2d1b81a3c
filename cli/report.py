"""``cs2 report``: how the forecasts of some days turned out, as one page."""

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
    out: Annotated[Path, typer.Option(help="FILE.html; an existing one is replaced.")],
) -> None:
    """Write one HTML page: the judged forecasts of these days beside both Elos, by week, model, tier and map.

    Also the record of the automatic forecasts, and the drift of the newest questions. The page needs no other file.
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
        material = _material(settings_of_running_stack(), *days)
    except PyMongoError as error:
        errors.print(f"the history cannot be read: {error}", style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    from pipelines.evaluation.report import page

    unfinished = out.with_name(f".{out.name}.part")
    unfinished.write_text(page(material), encoding="utf-8")
    unfinished.replace(out)
    told = f"{len(material.judged)} of {material.asked} forecasts were judged; the page is {out}"
    console.print(told, markup=False, highlight=False, soft_wrap=True)


def _material(settings: "Settings", first: date, last: date) -> "ReportData":
    from cs2.calendar import day_number
    from pipelines.evaluation.report import ReportData
    from pipelines.evaluation.scored_forecasts import read_judged
    from pipelines.evaluation.stored_forecasts import count_asked
    from pipelines.resources import Mongo

    with Mongo(url=settings.mongo_url, name=settings.mongo_database).database() as history:
        judged = read_judged(history)
        asked = count_asked(history, first, last)
        drift = _drift(settings, history)
    within = judged["day"].between(day_number(first), day_number(last))
    return ReportData(first=first, last=last, asked=asked, judged=judged[within], drift=drift)


def _drift(settings: "Settings", history: object) -> "dict[str, Drift]":
    """Drift of the served model's questions; a server that is away leaves it out, with the reason."""
    from sqlalchemy.exc import SQLAlchemyError

    from cs2.storage.model_registry import get_champion
    from pipelines.evaluation.drift import RECENT, REFERENCES, Drift, drift_since_training
    from pipelines.evaluation.stored_forecasts import read_recent
    from pipelines.mlflow_client import MlflowError, MlflowTracking
    from pipelines.resources import Database

    try:
        with Database(url=settings.database_url).transaction() as session:
            best = get_champion(session)
        version = best.version if best else 0
        recent = {kind: read_recent(history, version, kind, limit=RECENT) for kind in REFERENCES}
        return drift_since_training(best, recent, MlflowTracking(url=settings.mlflow_url))
    except (SQLAlchemyError, MlflowError) as error:
        return dict.fromkeys(REFERENCES, Drift(indices={}, problem=str(error).splitlines()[0]))
