"""Runs, blobs and aliases on a real MLflow server."""

import os
import subprocess
import sys
from dataclasses import fields
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pandas as pd
import pytest
import skops.io
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cs2.forecasting.evaluation.gate import EvaluationSet
from cs2.forecasting.model.estimators import MirroredBoosting
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.mlflow_run import BOOSTING_TYPES, TrainedModel, TrainingData
from tests.testkit.servers import mlflow_server

pytestmark = pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning")  # importing mlflow

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(400, 2))
Y = X[:, 0] + RANDOM.normal(size=400) > 0
P = np.full(400, 0.5)
EVALUATION = EvaluationSet(X=X, team1_won=Y, day=np.arange(400), candidate=P, swapped=P, elo=P, X_matches=X[:9])


@pytest.fixture
def tracking(mlflow_url: str) -> MlflowTracking:
    name = uuid4().hex  # the server is shared
    return MlflowTracking(url=mlflow_url, experiment=name, registered_model=name)


def get(mlflow_url: str, path: str, **params: str) -> Any:
    return httpx.get(f"{mlflow_url}/api/2.0/mlflow/{path}", params=params).raise_for_status().json()


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


def test_serving_can_read_the_blob_over_rest(tracking: MlflowTracking, mlflow_url: str) -> None:
    model = trained()
    logged = tracking.log(model)
    path = logged.artifact_uri.removeprefix("mlflow-artifacts:/")
    blob = httpx.get(f"{mlflow_url}/api/2.0/mlflow-artifacts/artifacts/{path}").raise_for_status().content
    assert sha256(blob).hexdigest() == logged.sha256
    assert skops.io.get_untrusted_types(data=blob) == [], "serving trusts no type beyond those of skops"
    loaded = skops.io.loads(blob)
    frame = pd.DataFrame(X, columns=list(model.feature_names))
    np.testing.assert_allclose(loaded.predict_proba(frame), model.estimator.predict_proba(X), rtol=1e-12)


def test_a_run_shows_parameters_metrics_span_and_plot(tracking: MlflowTracking, mlflow_url: str) -> None:
    figure = Figure()
    figure.add_subplot().plot([0, 1], [0, 1])
    logged = tracking.log(trained(figures={"calibration.png": figure}))
    data = get(mlflow_url, "runs/get", run_id=logged.run_id)["run"]["data"]
    assert {"key": "C", "value": "1.0"} in data["params"]
    assert [metric["value"] for metric in data["metrics"] if metric["key"] == "log_loss"] == [0.64]
    assert {"key": "trained_through", "value": "2025-12-31"} in data["tags"]
    listing = get(mlflow_url, "artifacts/list", run_id=logged.run_id)
    assert "calibration.png" in {file["path"] for file in listing["files"]}


def test_an_evaluation_is_loaded_as_it_was_saved(tracking: MlflowTracking) -> None:
    loaded = tracking.evaluation(tracking.log(trained(evaluation=EVALUATION)).run_id)
    for field in fields(EvaluationSet):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(EVALUATION, field.name))


def test_a_run_without_evaluation_is_an_error_with_its_id(tracking: MlflowTracking) -> None:
    run_id = tracking.log(trained()).run_id
    with pytest.raises(MlflowError, match=run_id):
        tracking.evaluation(run_id)


def test_an_experiment_opens_on_the_training_of_models(tracking: MlflowTracking, mlflow_url: str) -> None:
    logged = tracking.log(trained())
    experiment = get(mlflow_url, "experiments/get-by-name", experiment_name=tracking.experiment)["experiment"]
    assert {"key": "mlflow.experimentKind", "value": "custom_model_development"} in experiment["tags"]
    assert logged.run_url.endswith(f"/runs/{logged.run_id}?workflowType=machine_learning")


def test_a_run_names_its_datasets_with_digest_and_span(tracking: MlflowTracking, mlflow_url: str) -> None:
    span = {"from": "2024-01-01", "through": "2025-12-31"}
    dataset = TrainingData(name="map_results", context="training", X=X, team1_won=Y, span=span)
    logged = tracking.log(trained(datasets=[dataset]))
    (logged_input,) = get(mlflow_url, "runs/get", run_id=logged.run_id)["run"]["inputs"]["dataset_inputs"]
    assert logged_input["dataset"]["name"] == "map_results"
    assert logged_input["dataset"]["digest"]
    assert {tag["key"]: tag["value"] for tag in logged_input["tags"]} == {"mlflow.data.context": "training", **span}


@pytest.mark.parametrize("estimator", [None, MirroredBoosting(max_iter=3)], ids=["linear", "boosting"])
def test_a_model_has_example_and_pinned_requirements(tracking: MlflowTracking, tmp_path: Path, estimator: Any) -> None:
    import mlflow

    model = trained(estimator, trusted_types=BOOSTING_TYPES if estimator else ())
    logged = tracking.log(model)
    folder = mlflow.artifacts.download_artifacts(logged.artifact_uri.rpartition("/")[0], dst_path=str(tmp_path))
    requirements = (Path(folder) / "requirements.txt").read_text().split()
    assert {name.partition("==")[0] for name in requirements} == {"mlflow", "scikit-learn", "skops", "numpy"}
    assert all("==" in name for name in requirements)
    example = mlflow.models.Model.load(folder).load_input_example(folder)
    assert list(example.columns) == ["rating", "map"]
    loaded = skops.io.load(f"{folder}/model.skops", list(model.trusted_types))
    np.testing.assert_allclose(loaded.predict_proba(example), model.estimator.predict_proba(X[:5]), rtol=1e-12)


def test_gc_removes_the_files_of_a_deleted_run_only(tmp_path: Path) -> None:
    with mlflow_server(tmp_path) as url:
        tracking = MlflowTracking(url=url)
        kept_run, deleted_run = (
            tracking.log(trained(evaluation=EVALUATION)),
            tracking.log(trained(evaluation=EVALUATION)),
        )
        assert set(tracking.runs_before(datetime.now(UTC))) == {kept_run.run_id, deleted_run.run_id}
        tracking.delete(deleted_run.run_id)
        assert tracking.runs_before(datetime.now(UTC)) == [kept_run.run_id]
        assert tracking.fetch(deleted_run.artifact_uri), "a deleted run can be restored until gc runs"
        command = [
            Path(sys.executable).with_name("mlflow"),
            "gc",
            "--backend-store-uri",
            f"sqlite:///{tmp_path}/mlflow.db",
        ]
        subprocess.run(command, env={**os.environ, "MLFLOW_TRACKING_URI": url}, check=True, capture_output=True)
        assert sha256(tracking.fetch(kept_run.artifact_uri)).hexdigest() == kept_run.sha256
        np.testing.assert_array_equal(tracking.evaluation(kept_run.run_id).X, X)
        remaining_files = {
            str(file.relative_to(tmp_path)) for file in (tmp_path / "blobs").rglob("*") if file.is_file()
        }
    kept_model = kept_run.artifact_uri.removeprefix("mlflow-artifacts:/").rpartition("/")[0]
    assert remaining_files
    assert {name for name in remaining_files if kept_run.run_id not in name and kept_model not in name} == set()


def test_boosting_is_stored_with_its_reviewed_types_only(tracking: MlflowTracking) -> None:
    trees = MirroredBoosting(max_iter=3)
    with pytest.raises(MlflowError, match="untrusted types"):
        tracking.log(trained(trees))
    logged = tracking.log(trained(trees, trusted_types=BOOSTING_TYPES))
    assert skops.io.get_untrusted_types(data=tracking.fetch(logged.artifact_uri)) == list(BOOSTING_TYPES)


def test_aliases_are_set_moved_and_removed(tracking: MlflowTracking) -> None:
    runs = [tracking.log(trained(is_registered=True)).run_id for _ in range(2)]
    tracking.set_aliases({"champion": runs[0], "challenger": runs[1]})
    assert tracking.aliases() == {"champion": runs[0], "challenger": runs[1]}
    tracking.set_aliases({"champion": runs[1], "challenger": None})
    assert tracking.aliases() == {"champion": runs[1]}


def test_the_gate_describes_the_version_that_it_refused(tracking: MlflowTracking, mlflow_url: str) -> None:
    logged = tracking.log(trained(is_registered=True))
    reason = "beats_elo: log loss minus Elo's +0.0100"
    tracking.log_gate_result(logged.run_id, passed=False, reasons=[reason], metrics={"minus_elo": 0.01})
    data = get(mlflow_url, "runs/get", run_id=logged.run_id)["run"]["data"]
    assert {"key": "gate_result", "value": "refused"} in data["tags"]
    assert {"gate_minus_elo"} <= {metric["key"] for metric in data["metrics"]}
    version = get(mlflow_url, "model-versions/get", name=tracking.registered_model, version="1")["model_version"]
    assert version["description"] == f"The gate refused this version.\n\n- {reason}"
    model = get(mlflow_url, "registered-models/get", name=tracking.registered_model)["registered_model"]
    assert "*champion* is the served" in model["description"]


def test_an_error_names_the_address_of_the_server() -> None:
    url = "http://127.0.0.1:1"
    with pytest.raises(MlflowError, match=url):
        MlflowTracking(url=url).fetch(f"mlflow-artifacts:/1/{uuid4().hex}/model.skops")
