"""``cs2 prune``: what is old and needed by nobody, out of PostgreSQL, Dagster, MLflow and, when asked for, MongoDB."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import typer
from rich.console import Console
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from cli.database import fail, session
from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack

SERVER_MS = 5_000
CHUNK = 1_000


def prune(
    before: Annotated[str, typer.Option(help="Day (UTC), YYYY-MM-DD: only what was made before it.")],
    forecasts: Annotated[
        bool, typer.Option("--forecasts", help="Also users' forecasts. The record of automatic forecasts stays.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much it would be.")] = False,
) -> None:
    """Delete old ratings that no model and no fixture names, old runs of Dagster that nothing shown stems from, and
    old runs of MLflow that are no version of the model: what was trained to compare with.

    The newest ratings, raw rows, models, and the last run of each asset and month stay. Exit status 2: not a day of
    the past.
    """
    try:
        moment = datetime.combine(date.fromisoformat(before), time(), UTC)
    except ValueError:
        fail(f"{before!r} is not a day, such as 2026-01-31", ExitCode.WRONG_INPUT)
    if moment > datetime.now(UTC):
        fail(f"{before} is not in the past", ExitCode.WRONG_INPUT)
    console = Console(highlight=False)
    did = "would be deleted" if dry_run else "deleted"
    with session() as rows:
        console.print(f"{_ratings(rows, moment, dry_run=dry_run)} old ratings {did}")
    console.print(f"{_runs(moment, dry_run=dry_run)} old runs of Dagster {did}")
    console.print(f"{_trainings(moment, dry_run=dry_run)} old runs of MLflow {did}")
    if forecasts:
        console.print(f"{_forecasts(moment, dry_run=dry_run)} old forecasts of users {did}")


def old_ratings(moment: datetime) -> ColumnElement[bool]:
    """Snapshots of before ``moment`` that are not the newest and that no row names."""
    from cs2.storage.tables import Base, SnapshotRow

    naming = [
        key.parent
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table is SnapshotRow.__table__
    ]
    old = SnapshotRow.created_at < moment
    for column in naming:
        old &= SnapshotRow.id.not_in(select(column).where(column.is_not(None)))
    return old & (SnapshotRow.id != select(func.max(SnapshotRow.id)).scalar_subquery())


def _ratings(rows: Session, moment: datetime, *, dry_run: bool) -> int:
    from cs2.storage.tables import SnapshotRow

    wanted = old_ratings(moment)
    count = rows.scalar(select(func.count()).select_from(SnapshotRow).where(wanted)) or 0
    if count and not dry_run:
        rows.execute(delete(SnapshotRow).where(wanted))
    return count


def _runs(moment: datetime, *, dry_run: bool) -> int:
    from cli.runs import DagsterError, DagsterRuns

    try:
        with DagsterRuns(settings_of_running_stack().dagster_url) as dagster:
            old = dagster.old_runs(moment)
            for run in () if dry_run else old:
                dagster.delete(run)
    except DagsterError as error:
        fail(str(error), ExitCode.FAILURE)
    return len(old)


def _trainings(moment: datetime, *, dry_run: bool) -> int:
    from cs2.storage.tables import ModelRow
    from pipelines.mlflow_client import MlflowError, MlflowTracking

    with session() as rows:
        versions = set(rows.scalars(select(ModelRow.mlflow_run_id)))
    mlflow = MlflowTracking(url=settings_of_running_stack().mlflow_url)
    try:
        old = [run for run in mlflow.runs_before(moment) if run not in versions]
        for run in () if dry_run else old:
            mlflow.delete(run)
    except MlflowError as error:
        fail(str(error), ExitCode.FAILURE)
    return len(old)


def _forecasts(moment: datetime, *, dry_run: bool) -> int:
    import pymongo
    from pymongo.errors import PyMongoError

    from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION

    settings = settings_of_running_stack()
    wanted: dict[str, Any] = {"occurred_at": {"$lt": moment}, "fixture_id": None}
    try:
        with pymongo.MongoClient[dict[str, Any]](settings.mongo_url, serverSelectionTimeoutMS=SERVER_MS) as client:
            database = client[settings.mongo_database]
            stored, count = database[FORECASTS_COLLECTION], 0
            if dry_run:
                return stored.count_documents(wanted)
            while ids := [document["_id"] for document in stored.find(wanted, {"_id": 1}).limit(CHUNK)]:
                database[OUTCOMES_COLLECTION].delete_many({"_id": {"$in": ids}})
                count += stored.delete_many({"_id": {"$in": ids}}).deleted_count
            return count
    except PyMongoError as error:
        fail(f"MongoDB: {error}", ExitCode.FAILURE)
