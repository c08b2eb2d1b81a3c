"""The chain on the simulated league: results, ratings, models, gate, champion, announcements."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import httpx
import pytest

from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.messages import AnnouncementKind
from cs2.settings import get_settings
from cs2.storage.model_registry import get_champion, get_latest_snapshot
from tests.testkit.asset_environment import AssetEnvironment, Listen, importing_mlflow
from tests.testkit.job_chain import Chain

pytestmark = [
    importing_mlflow,
    pytest.mark.filterwarnings("ignore:Parameter `backfill_policy`"),  # a beta parameter without an alternative
]

TODAY = "2023-08-20"


@pytest.fixture
def chain(environment: AssetEnvironment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chain]:
    monkeypatch.setenv("CS2_SOURCES", "simulated")
    monkeypatch.setenv("CS2_CLOCK_DATE", TODAY)
    get_settings.cache_clear()
    yield Chain(environment)
    get_settings.cache_clear()


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def test_results_become_ratings_and_a_champion_that_is_announced(
    chain: Chain, environment: AssetEnvironment, announcements: Listen
) -> None:
    assert chain.ingest().success
    first = announcements()
    assert first is not None
    assert (first.kind, first.model_version) == (AnnouncementKind.RATINGS, None)
    with environment.database.transaction() as session:
        snapshot = get_latest_snapshot(session)
        assert snapshot is not None
        ratings = RatingSnapshot.from_bytes(snapshot.data)
    assert str(snapshot.as_of) <= TODAY
    assert first.snapshot_id == snapshot.id
    assert ratings.latest_lineup(1) is not None

    second_run = chain.ingest()
    assert second_run.success
    assert metadata(second_run, "rating_snapshots")["is_new"] is False
    assert announcements() is None, "unchanged results are not announced"

    trained = chain.run("train_job")
    assert trained.success, [check.description for check in trained.get_asset_check_evaluations() if not check.passed]
    message = announcements()
    assert message is not None
    assert message.kind == AnnouncementKind.MODEL
    with environment.database.transaction() as session:
        best = get_champion(session)
    assert best is not None
    assert best.version == message.model_version
    assert str(best.trained_through) <= TODAY
    assert best.dagster_run_id == trained.run_id
    search = httpx.post(
        f"{environment.mlflow.url}/api/2.0/mlflow/runs/search",
        json={"experiment_ids": [_experiment(environment)], "filter": f"tags.dagster_run_id = '{trained.run_id}'"},
    ).raise_for_status()
    names = {run["info"]["run_name"] for run in search.json()["runs"]}
    assert names == {"elo", "logistic_regression", "hist_gradient_boosting"}, "three runs to compare"


def test_training_without_ratings_says_what_is_missing(chain: Chain) -> None:
    result = chain.run("train_job")
    assert not result.success
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    assert any("materialize rating_snapshots first" in str(failure) for failure in failures)


def test_ratings_without_results_say_what_is_missing(chain: Chain) -> None:
    result = chain.run("ingest_job", asset_selection=[dg.AssetKey("rating_snapshots")])
    assert not result.success
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    assert any(f"no result is known through {TODAY}" in str(failure) for failure in failures)


def _experiment(environment: AssetEnvironment) -> str:
    answer = httpx.get(
        f"{environment.mlflow.url}/api/2.0/mlflow/experiments/get-by-name",
        params={"experiment_name": environment.mlflow.experiment},
    ).raise_for_status()
    return str(answer.json()["experiment"]["experiment_id"])
