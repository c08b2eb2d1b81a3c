"""MLflow: one run a trained model, its blob in skops, the aliases of the registered model."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

BLOB = "model.skops"
URI_PREFIX = "mlflow-artifacts:/"
FETCH_SECONDS = 30.0
EVALUATION = "evaluation.npz"

BOOSTING_TYPES = (
    "cs2.forecasting.model.estimators.MirroredBoosting",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
"""Reviewed: the first is our own; the second skops distrusts because forged node indices are read out of bounds. Only
written here, to compare in MLflow; serving loads linear models and trusts no type beyond those of skops."""

_CLIENT_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its default waits minutes for a server that is not there
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class MlflowError(Exception):
    """The tracking server does not answer, or refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """What one MLflow run shows of one trained model.

    Attributes:
        name: Kind of estimator, the name of the run.
        estimator: The fitted scikit-learn estimator that is stored.
        feature_names: Columns of ``X``, in order.
        X: A few rows of features, for the signature, shape (n, k).
        parameters: Of the training.
        metrics: On the held-out weeks.
        tags: Data span and origin.
        figures: Plots by file name.
        evaluation: Arrays that the gate judges, stored as ``evaluation.npz``.
        trusted_types: Reviewed types that skops does not know as safe.
        is_registered: Whether it becomes a version of the registered model.
    """

    name: str
    estimator: Any
    feature_names: Sequence[str]
    X: NDArray[np.float64]
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    figures: Mapping[str, "Figure"] = field(default_factory=dict)
    evaluation: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    trusted_types: Sequence[str] = ()
    is_registered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModel:
    """Where MLflow keeps a model.

    Attributes:
        run_id: The MLflow run.
        run_url: The run in MLflow's UI.
        artifact_uri: Of the blob: ``mlflow-artifacts:/…/model.skops``.
        sha256: Of the blob as the server returns it, in hexadecimal.
    """

    run_id: str
    run_url: str
    artifact_uri: str
    sha256: str


class MlflowTracking(dg.ConfigurableResource[None]):
    """The tracking server at ``url``. Importing mlflow takes seconds, so that it happens inside the methods."""

    url: str
    experiment: str = "map-winner"
    registered_model: str = "cs2-map-winner"

    @contextmanager
    def _client(self) -> Iterator["MlflowClient"]:
        for name, value in _CLIENT_ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        import mlflow
        from mlflow.exceptions import MlflowException

        mlflow.set_tracking_uri(self.url)
        client = mlflow.MlflowClient(self.url)
        try:
            yield client
        except MlflowException as error:
            raise MlflowError(f"MLflow at {self.url}: {error}") from error

    def log(self, trained: TrainedModel) -> LoggedModel:
        """Store a trained model as a run.

        Raises:
            MlflowError: If the server does not answer or refuses, or skops does not trust a type of the estimator.
        """
        with self._client():
            import mlflow

            experiment = mlflow.set_experiment(self.experiment)
            with mlflow.start_run(run_name=trained.name, tags=dict(trained.tags)) as run:
                mlflow.log_params(dict(trained.parameters))
                mlflow.log_metrics(dict(trained.metrics))
                for name, figure in trained.figures.items():
                    mlflow.log_figure(figure, name)
                if trained.evaluation:
                    _log_arrays(trained.evaluation)
                location = _log_estimator(trained, self.registered_model if trained.is_registered else None)
            run_id = run.info.run_id
        artifact_uri = f"{location}/{BLOB}"
        return LoggedModel(
            run_id=run_id,
            run_url=f"{self.url}/#/experiments/{experiment.experiment_id}/runs/{run_id}",
            artifact_uri=artifact_uri,
            sha256=sha256(self.fetch(artifact_uri)).hexdigest(),
        )

    def fetch(self, artifact_uri: str) -> bytes:
        """The bytes of one artifact, by its ``mlflow-artifacts:/…`` address.

        Over REST, as serving does (docs/adr/0007-blob-over-rest.md): importing mlflow takes seconds.

        Raises:
            MlflowError: If the server does not answer, or has no such artifact.
        """
        import httpx

        path = artifact_uri.removeprefix(URI_PREFIX).lstrip("/")
        try:
            url = f"{self.url.rstrip('/')}/api/2.0/mlflow-artifacts/artifacts/{path}"
            return httpx.get(url, timeout=FETCH_SECONDS).raise_for_status().content
        except httpx.HTTPError as error:
            reason = f"{type(error).__name__}: {error}"
            raise MlflowError(f"MLflow at {self.url} does not give {artifact_uri}: {reason}") from error

    def evaluation(self, run_id: str) -> dict[str, NDArray[Any]]:
        """The arrays that :meth:`log` stored with a run."""
        with self._client() as client, tempfile.TemporaryDirectory() as folder:
            path = client.download_artifacts(run_id, EVALUATION, folder)
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)

    def log_verdict(self, run_id: str, *, metrics: Mapping[str, float], verdict: str) -> None:
        """Add what the gate said to the run."""
        with self._client() as client:
            for name, value in metrics.items():
                client.log_metric(run_id, f"gate_{name}", value)
            client.set_tag(run_id, "verdict", verdict)

    def log_live(
        self, run_id: str, *, metrics: Mapping[str, float], step: int, figures: Mapping[str, "Figure"]
    ) -> None:
        """Add to a model's run how its forecasts turned out; a figure replaces the one of that name.

        Args:
            run_id: The run that trained the model.
            metrics: By name.
            step: How many matches they are of: the axis on which MLflow draws them.
            figures: By file name.
        """
        with self._client() as client:
            for name, value in metrics.items():
                client.log_metric(run_id, name, value, step=step)
            for name, figure in figures.items():
                client.log_figure(run_id, figure, name)

    def runs_before(self, moment: datetime) -> list[str]:
        """Ids of the runs that began before a moment."""
        with self._client() as client:
            experiment = client.get_experiment_by_name(self.experiment)
            if experiment is None:
                return []
            older = f"attributes.start_time < {int(moment.timestamp() * 1000)}"
            found, token = [], None
            while True:
                page = client.search_runs([experiment.experiment_id], older, max_results=1000, page_token=token)
                found += [run.info.run_id for run in page]
                token = page.token
                if not token:
                    return found

    def delete(self, run_id: str) -> None:
        """Delete a run and the models that it stored; their files go with the next ``mlflow gc``."""
        with self._client() as client:
            run = client.get_run(run_id)
            for stored in run.outputs.model_outputs if run.outputs else ():
                client.delete_logged_model(stored.model_id)
            client.delete_run(run_id)

    def aliases(self) -> dict[str, str]:
        """Run id by alias of the registered model."""
        with self._client() as client:
            models = client.search_registered_models(filter_string=f"name = '{self.registered_model}'")
            found = dict(models[0].aliases) if models else {}
            return {
                alias: str(client.get_model_version(self.registered_model, version).run_id)
                for alias, version in found.items()
            }

    def set_aliases(self, run_ids: Mapping[str, str | None]) -> None:
        """Point each alias to the registered version of its run; None takes the alias away."""
        with self._client() as client:
            for alias, run_id in run_ids.items():
                if run_id is None:
                    client.delete_registered_model_alias(self.registered_model, alias)
                    continue
                (version,) = client.search_model_versions(f"name = '{self.registered_model}' and run_id = '{run_id}'")
                client.set_registered_model_alias(self.registered_model, alias, str(version.version))


def _log_arrays(arrays: Mapping[str, NDArray[Any]]) -> None:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / EVALUATION
        np.savez_compressed(path, allow_pickle=False, **arrays)
        mlflow.log_artifact(str(path))


def _log_estimator(trained: TrainedModel, registered_model: str | None) -> str:
    import mlflow
    import mlflow.sklearn
    import pandas as pd
    from mlflow.models import infer_signature

    rows = pd.DataFrame(trained.X, columns=list(trained.feature_names))
    info = mlflow.sklearn.log_model(
        trained.estimator,
        name="model",
        serialization_format="skops",
        skops_trusted_types=list(trained.trusted_types) or None,
        signature=infer_signature(rows, trained.estimator.predict_proba(trained.X)),
        pyfunc_predict_fn="predict_proba",
        pip_requirements=["scikit-learn", "skops"],  # else mlflow finds them by loading the model in a new process
        registered_model_name=registered_model,
    )
    return str(mlflow.get_logged_model(info.model_id).artifact_location)
