"""``cs2 prune``: delete old, unused data from PostgreSQL, Dagster, MLflow and, on request, MongoDB."""

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
    before: Annotated[str, typer.Option(help="Delete only what was created before this day (UTC), YYYY-MM-DD.")],
    forecasts: Annotated[
        bool, typer.Option("--forecasts", help="Also delete forecasts of users. Automatic forecasts stay.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the numbers.")] = False,
) -> None:
    """Delete old ratings that no model and no forecast refers to, old Dagster runs behind no current state of an asset,
    and old MLflow runs that are not model versions.

    The newest ratings, all raw rows, all models, and the last run of each asset and month stay. Exit status 2: the day
    is not in the past.
    """
    try:
        moment = datetime.combine(date.fromisoformat(before), time(), UTC)
    except ValueError:
        fail(f"{before!r} is not a date such as 2026-01-31", ExitCode.WRONG_INPUT)
    if moment > datetime.now(UTC):
        fail(f"{before} is not in the past", ExitCode.WRONG_INPUT)
    console = Console(highlight=False)
    action = "would be deleted" if dry_run else "deleted"
    with session() as transaction:
        console.print(f"{_prune_ratings(transaction, moment, dry_run=dry_run)} old ratings {action}")
    console.print(f"{_prune_dagster_runs(moment, dry_run=dry_run)} old runs of Dagster {action}")
    console.print(f"{_prune_mlflow_runs(moment, dry_run=dry_run)} old runs of MLflow {action}")
    if forecasts:
        console.print(f"{_prune_forecasts(moment, dry_run=dry_run)} old forecasts of users {action}")


def old_ratings(moment: datetime) -> ColumnElement[bool]:
    """Return the condition on snapshots before ``moment`` that are not the newest and that no row refers to."""
    from cs2.storage.tables import Base, SnapshotRow

    references = [
        key.parent
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table is SnapshotRow.__table__
    ]
    old = SnapshotRow.created_at < moment
    for column in references:
        old &= SnapshotRow.id.not_in(select(column).where(column.is_not(None)))
    return old & (SnapshotRow.id != select(func.max(SnapshotRow.id)).scalar_subquery())


def _prune_ratings(transaction: Session, moment: datetime, *, dry_run: bool) -> int:
    from cs2.storage.tables import SnapshotRow

    is_old = old_ratings(moment)
    count = transaction.scalar(select(func.count()).select_from(SnapshotRow).where(is_old)) or 0
    if count and not dry_run:
        transaction.execute(delete(SnapshotRow).where(is_old))
    return count


def _prune_dagster_runs(moment: datetime, *, dry_run: bool) -> int:
    from cli.runs import DagsterError, DagsterRuns

    try:
        with DagsterRuns(settings_of_running_stack().dagster_url) as dagster:
            old = dagster.old_runs(moment)
            for run in () if dry_run else old:
                dagster.delete(run)
    except DagsterError as error:
        fail(str(error), ExitCode.FAILURE)
    return len(old)


def _prune_mlflow_runs(moment: datetime, *, dry_run: bool) -> int:
    from cs2.storage.tables import ModelRow
    from pipelines.mlflow_client import MlflowError, MlflowTracking

    with session() as transaction:
        versions = set(transaction.scalars(select(ModelRow.mlflow_run_id)))
    mlflow = MlflowTracking(url=settings_of_running_stack().mlflow_url)
    try:
        old = [run for run in mlflow.runs_before(moment) if run not in versions]
        for run in () if dry_run else old:
            mlflow.delete(run)
    except MlflowError as error:
        fail(str(error), ExitCode.FAILURE)
    return len(old)


def _prune_forecasts(moment: datetime, *, dry_run: bool) -> int:
    import pymongo
    from pymongo.errors import PyMongoError

    from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION

    settings = settings_of_running_stack()
    query: dict[str, Any] = {"occurred_at": {"$lt": moment}, "fixture_id": None}
    try:
        with pymongo.MongoClient[dict[str, Any]](settings.mongo_url, serverSelectionTimeoutMS=SERVER_MS) as client:
            database = client[settings.mongo_database]
            stored, count = database[FORECASTS_COLLECTION], 0
            if dry_run:
                return stored.count_documents(query)
            while ids := [document["_id"] for document in stored.find(query, {"_id": 1}).limit(CHUNK)]:
                database[OUTCOMES_COLLECTION].delete_many({"_id": {"$in": ids}})
                count += stored.delete_many({"_id": {"$in": ids}}).deleted_count
            return count
    except PyMongoError as error:
        fail(f"MongoDB: {error}", ExitCode.FAILURE)
