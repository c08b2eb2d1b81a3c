"""Runs, blobs and aliases on a real MLflow server."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
import skops.io
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cs2.forecasting.model.estimators import MirroredBoosting
from pipelines.mlflow_client import BOOSTING_TYPES, MlflowError, MlflowTracking, TrainedModel
from tests.testkit.servers import mlflow_server

pytestmark = pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning")  # importing mlflow

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(400, 2))
Y = X[:, 0] + RANDOM.normal(size=400) > 0


@pytest.fixture
def tracking(mlflow_url: str) -> MlflowTracking:
    name = uuid4().hex  # the server is shared
    return MlflowTracking(url=mlflow_url, experiment=name, registered_model=name)


def trained(estimator: Any = None, **changes: Any) -> TrainedModel:
    model = estimator or make_pipeline(StandardScaler(with_mean=False), LogisticRegression(fit_intercept=False))
    arguments: dict[str, Any] = {
        "name": "logistic_regression",
        "estimator": model.fit(X, Y),
        "feature_names": ["rating", "map"],
        "X": X[:5],
        "parameters": {"C": 1.0},
        "metrics": {"log_loss": 0.64},
        "tags": {"trained_through": "2025-12-31"},
    }
    return TrainedModel(**{**arguments, **changes})


def test_the_blob_is_what_serving_reads_over_rest(tracking: MlflowTracking, mlflow_url: str) -> None:
    model = trained()
    logged = tracking.log(model)
    path = logged.artifact_uri.removeprefix("mlflow-artifacts:/")
    blob = httpx.get(f"{mlflow_url}/api/2.0/mlflow-artifacts/artifacts/{path}").raise_for_status().content
    assert sha256(blob).hexdigest() == logged.sha256
    assert skops.io.get_untrusted_types(data=blob) == [], "serving trusts nothing beyond skops' own list"
    loaded = skops.io.loads(blob)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.estimator.predict_proba(X))


def test_a_run_shows_parameters_metrics_span_and_plot(tracking: MlflowTracking, mlflow_url: str) -> None:
    figure = Figure()
    figure.add_subplot().plot([0, 1], [0, 1])
    logged = tracking.log(trained(figures={"calibration.png": figure}))
    answer = httpx.get(f"{mlflow_url}/api/2.0/mlflow/runs/get", params={"run_id": logged.run_id})
    data = answer.raise_for_status().json()["run"]["data"]
    assert {"key": "C", "value": "1.0"} in data["params"]
    assert [metric["value"] for metric in data["metrics"] if metric["key"] == "log_loss"] == [0.64]
    assert {"key": "trained_through", "value": "2025-12-31"} in data["tags"]
    listing = httpx.get(f"{mlflow_url}/api/2.0/mlflow/artifacts/list", params={"run_id": logged.run_id}).json()
    assert "calibration.png" in {file["path"] for file in listing["files"]}


def test_evaluation_arrays_come_back_as_they_were(tracking: MlflowTracking) -> None:
    arrays = {"day": np.arange(3), "probability": np.array([0.1, 0.5, 0.9])}
    logged = tracking.log(trained(evaluation=arrays))
    returned = tracking.evaluation(logged.run_id)
    assert returned.keys() == arrays.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(returned[name], values)


def test_what_was_deleted_goes_from_the_disk_with_the_next_gc_and_nothing_else(tmp_path: Path) -> None:
    with mlflow_server(tmp_path) as url:
        tracking = MlflowTracking(url=url)
        kept, compared = tracking.log(trained(evaluation={"X": X})), tracking.log(trained(evaluation={"X": X}))
        assert set(tracking.runs_before(datetime.now(UTC))) == {kept.run_id, compared.run_id}
        tracking.delete(compared.run_id)
        assert tracking.runs_before(datetime.now(UTC)) == [kept.run_id]
        assert tracking.fetch(compared.artifact_uri), "until then it can be restored"
        command = [
            Path(sys.executable).with_name("mlflow"),
            "gc",
            "--backend-store-uri",
            f"sqlite:///{tmp_path}/mlflow.db",
        ]
        subprocess.run(command, env={**os.environ, "MLFLOW_TRACKING_URI": url}, check=True, capture_output=True)
        assert sha256(tracking.fetch(kept.artifact_uri)).hexdigest() == kept.sha256
        np.testing.assert_array_equal(tracking.evaluation(kept.run_id)["X"], X)
        left = {str(file.relative_to(tmp_path)) for file in (tmp_path / "blobs").rglob("*") if file.is_file()}
    kept_model = kept.artifact_uri.removeprefix("mlflow-artifacts:/").rpartition("/")[0]
    assert left
    assert {name for name in left if kept.run_id not in name and kept_model not in name} == set()


def test_boosting_is_stored_with_its_reviewed_types_only(tracking: MlflowTracking) -> None:
    trees = MirroredBoosting(max_iter=3)
    with pytest.raises(MlflowError, match="untrusted types"):
        tracking.log(trained(trees))
    logged = tracking.log(trained(trees, trusted_types=BOOSTING_TYPES))
    assert skops.io.get_untrusted_types(data=tracking.fetch(logged.artifact_uri)) == list(BOOSTING_TYPES)


def test_aliases_are_set_moved_and_taken_away(tracking: MlflowTracking) -> None:
    runs = [tracking.log(trained(is_registered=True)).run_id for _ in range(2)]
    tracking.set_aliases({"champion": runs[0], "challenger": runs[1]})
    assert tracking.aliases() == {"champion": runs[0], "challenger": runs[1]}
    tracking.set_aliases({"champion": runs[1], "challenger": None})
    assert tracking.aliases() == {"champion": runs[1]}


def test_the_verdict_is_added_to_the_run(tracking: MlflowTracking, mlflow_url: str) -> None:
    logged = tracking.log(trained())
    tracking.log_verdict(logged.run_id, metrics={"gain_over_elo": 0.02}, verdict="passed")
    answer = httpx.get(f"{mlflow_url}/api/2.0/mlflow/runs/get", params={"run_id": logged.run_id})
    data = answer.raise_for_status().json()["run"]["data"]
    assert {"key": "verdict", "value": "passed"} in data["tags"]
    assert {"gate_gain_over_elo"} <= {metric["key"] for metric in data["metrics"]}


def test_a_server_that_is_away_is_named_with_its_address() -> None:
    url = "http://127.0.0.1:1"
    with pytest.raises(MlflowError, match=url):
        MlflowTracking(url=url).fetch(f"mlflow-artifacts:/1/{uuid4().hex}/model.skops")
