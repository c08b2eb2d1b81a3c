"""``cs2 prune`` deletes only old, unused data."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest
from mlflow import MlflowClient
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from cli.main import app
from cli.runs import DagsterRuns
from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION
from cs2.storage.engine import make_engine
from cs2.storage.tables import ModelRow, SnapshotRow
from pipelines.mlflow_client import MlflowTracking
from tests.testkit.dagster_webserver import run_toy

OLD, NEW = datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
BEFORE = "2026-02-01"


@pytest.fixture
def prune(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    postgres_url: str,
    mongo_url: str,
    mongo_database: str,
    mlflow_url: str,
    dagster_url: str,
) -> Any:
    variables = {"DATABASE_URL": postgres_url, "MONGO_URL": mongo_url, "MONGO_DATABASE": mongo_database}
    variables["MLFLOW_URL"] = mlflow_url
    for name, value in {**variables, "DAGSTER_URL": dagster_url, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(f"CS2_{name}", value)
    return lambda *words: CliRunner().invoke(app, ["prune", *words])


def snapshot(made: datetime) -> SnapshotRow:
    return SnapshotRow(
        as_of=date(2026, 1, 1), features_version=1, sha256="0" * 64, data=b"ratings", n_rated=1, created_at=made
    )


def model(ratings: SnapshotRow, mlflow_run_id: str = "run") -> ModelRow:
    return ModelRow(
        status="retired", estimator="elo", mlflow_run_id=mlflow_run_id, dagster_run_id="run", artifact_uri="",
        sha256="", features_version=1, feature_names=[], parameters={}, regression_cases={}, metrics={},
        trained_from=date(2025, 1, 1), trained_through=date(2026, 1, 1), n_maps=1, snapshot_id=ratings.id,
    )  # fmt: skip


def test_old_ratings_without_references_are_deleted(prune: Any, postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        rows = [snapshot(OLD), snapshot(OLD), snapshot(NEW), snapshot(OLD)]
        for row in rows:
            session.add(row)
            session.flush()
        session.add(model(rows[0]))
        named, old, new, newest = [row.id for row in rows]
    dry_run = prune("--before", BEFORE, "--dry-run")
    assert "1 old ratings would be deleted" in dry_run.output
    with Session(engine) as session:
        assert set(session.scalars(select(SnapshotRow.id))) == {named, old, new, newest}
    assert prune("--before", BEFORE).exit_code == 0
    with Session(engine) as session:
        assert set(session.scalars(select(SnapshotRow.id))) == {named, new, newest}
    engine.dispose()


def test_old_mlflow_runs_without_a_version_are_deleted(prune: Any, postgres_url: str, mlflow_url: str) -> None:
    client = MlflowClient(mlflow_url)
    name = MlflowTracking(url=mlflow_url).experiment
    known = client.get_experiment_by_name(name)
    experiment = known.experiment_id if known else client.create_experiment(name)
    version, compared, new = (
        client.create_run(experiment, start_time=int(made.timestamp() * 1000)).info.run_id for made in (OLD, OLD, NEW)
    )
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        ratings = snapshot(NEW)
        session.add(ratings)
        session.flush()
        session.add(model(ratings, version))
    engine.dispose()
    assert "1 old runs of MLflow would be deleted" in prune("--before", BEFORE, "--dry-run").output
    assert "1 old runs of MLflow deleted" in prune("--before", BEFORE).output
    stages = {run: client.get_run(run).info.lifecycle_stage for run in (version, compared, new)}
    assert stages == {version: "active", compared: "deleted", new: "active"}


@pytest.fixture
def stored(mongo_url: str, mongo_database: str) -> Iterator[Any]:
    with pymongo.MongoClient(mongo_url) as client:
        yield client[mongo_database]
        client.drop_database(mongo_database)


def test_forecasts_are_deleted_only_on_request(prune: Any, stored: Any) -> None:
    forecasts = [
        {"_id": "old", "occurred_at": OLD},
        {"_id": "new", "occurred_at": NEW},
        {"_id": "automatic", "occurred_at": OLD, "fixture_id": 7},
    ]
    stored[FORECASTS_COLLECTION].insert_many(forecasts)
    stored[OUTCOMES_COLLECTION].insert_many([{"_id": forecast["_id"]} for forecast in forecasts])

    def ids(name: str) -> set[str]:
        return {document["_id"] for document in stored[name].find()}

    assert prune("--before", BEFORE).exit_code == 0
    assert prune("--before", BEFORE, "--forecasts", "--dry-run").exit_code == 0
    assert ids(FORECASTS_COLLECTION) == {"old", "new", "automatic"}
    result = prune("--before", BEFORE, "--forecasts")
    assert "1 old forecasts of users deleted" in result.output
    assert ids(FORECASTS_COLLECTION) == ids(OUTCOMES_COLLECTION) == {"new", "automatic"}


@pytest.mark.parametrize(
    "day",
    ["2026-13-01", "yesterday", str(date.today() + timedelta(days=2))],
    ids=["no month", "no date", "in the future"],
)
def test_a_day_that_is_not_past_deletes_nothing(prune: Any, day: str) -> None:
    assert prune("--before", day).exit_code == 2


def test_runs_behind_current_assets_stay(dagster_url: str) -> None:
    for _ in range(2):
        assert run_toy(dagster_url, Console(file=io.StringIO())).status == "SUCCESS"
    with DagsterRuns(dagster_url) as runs:
        assert runs.old_runs(datetime.now(UTC) - timedelta(days=1)) == []
        shown = {event["runId"] for node in runs._query(SHOWN)["assetNodes"] for event in node["assetMaterializations"]}
        old = runs.old_runs(datetime.now(UTC))
        assert old
        assert not shown & set(old)
        for run in old:
            runs.delete(run)
        assert runs.old_runs(datetime.now(UTC)) == []
        after = {event["runId"] for node in runs._query(SHOWN)["assetNodes"] for event in node["assetMaterializations"]}
        assert after == shown


SHOWN = "{ assetNodes { assetMaterializations(limit: 1) { runId } } }"
