"""Client of the MLflow tracking server: runs, evaluations, and the aliases of the registered model."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cs2.forecasting.evaluation.gate import EvaluationSet
from cs2.model_artifacts import ArtifactUnavailableError, fetch_artifact
from pipelines.mlflow_run import EVALUATION, TrainedModel, log_dataset, log_estimator, log_evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

BLOB = "model.skops"
FETCH_SECONDS = 30.0
EXPERIMENT_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Tag with which MLflow opens an experiment on its runs. Without it, the page shows traces of language models."""

MODEL_VIEW = "workflowType=machine_learning"
"""Query of a link to MLflow that opens the pages for model training."""

DESCRIPTION = """\
Forecasts which team wins one map of professional Counter-Strike 2: an antisymmetric logistic regression.

The table `ml_models` in PostgreSQL decides which version is served. The aliases follow it: *champion* is the served
version, *challenger* the newest later version that is not served. Each version's description says why the gate passed
or refused it.
"""

_CLIENT_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its default waits for minutes when the server is down
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class MlflowError(Exception):
    """The tracking server does not answer, or rejects the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModel:
    """Location of a model in MLflow.

    Attributes:
        run_id: The MLflow run.
        run_url: Page of the run in MLflow.
        artifact_uri: Address of the blob: ``mlflow-artifacts:/…/model.skops``.
        sha256: Digest of the blob as the server returns it, in hexadecimal.
    """

    run_id: str
    run_url: str
    artifact_uri: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowTracking:
    """Client of a tracking server. Importing mlflow takes seconds, so the methods import it.

    Attributes:
        url: Address of the server.
        experiment: Name of the experiment that holds the runs.
        registered_model: Name of the registered model.
    """

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
            MlflowError: If the server does not answer or rejects the run, or if skops does not trust a type of the
                estimator.
        """
        with self._client() as client:
            import mlflow

            experiment = mlflow.set_experiment(self.experiment)
            if not EXPERIMENT_KIND.items() <= experiment.tags.items():
                mlflow.set_experiment_tags(EXPERIMENT_KIND)
            with mlflow.start_run(run_name=trained.name, tags=dict(trained.tags)) as run:
                mlflow.log_params(dict(trained.parameters))
                datasets = {data.context: log_dataset(data) for data in trained.datasets}
                for name, figure in trained.figures.items():
                    mlflow.log_figure(figure, name)
                if trained.evaluation is not None:
                    log_evaluation(trained.evaluation)
                model_id = log_estimator(trained, self.registered_model if trained.is_registered else None)
                mlflow.log_metrics(dict(trained.metrics), dataset=datasets.get("evaluation"), model_id=model_id)
            if trained.is_registered:
                client.update_registered_model(self.registered_model, DESCRIPTION)
            location = str(mlflow.get_logged_model(model_id).artifact_location)
            run_id = run.info.run_id
        artifact_uri = f"{location}/{BLOB}"
        return LoggedModel(
            run_id=run_id,
            run_url=f"{self.url}/#/experiments/{experiment.experiment_id}/runs/{run_id}?{MODEL_VIEW}",
            artifact_uri=artifact_uri,
            sha256=sha256(self.fetch(artifact_uri)).hexdigest(),
        )

    def fetch(self, artifact_uri: str) -> bytes:
        """Download an artifact by its ``mlflow-artifacts:/…`` address.

        Raises:
            MlflowError: If the server does not answer, or does not have the artifact.
        """
        try:
            return fetch_artifact(self.url, artifact_uri, timeout_seconds=FETCH_SECONDS)
        except ArtifactUnavailableError as error:
            raise MlflowError(str(error)) from error

    def evaluation(self, run_id: str) -> EvaluationSet:
        """Load the evaluation that :meth:`log` stored with a run.

        Raises:
            MlflowError: If the server does not answer, or the run has no evaluation that can be read.
        """
        with self._client() as client:
            folder_uri = client.get_run(run_id).info.artifact_uri
        data = self.fetch(f"{folder_uri}/{EVALUATION}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / EVALUATION
            path.write_bytes(data)
            try:
                return EvaluationSet.load(path)
            except ValueError as error:
                raise MlflowError(f"run {run_id} of MLflow at {self.url}: {error}") from error

    def log_gate_result(
        self, run_id: str, *, passed: bool, reasons: Sequence[str], metrics: Mapping[str, float]
    ) -> None:
        """Add the gate's result to a candidate's run, and its reasons to the description of the version.

        Args:
            run_id: The run that trained the candidate.
            passed: Whether the candidate may be served.
            reasons: The claims with their values.
            metrics: Metrics that the run does not have yet; stored with the prefix ``gate_``.
        """
        result = "passed" if passed else "refused"
        with self._client() as client:
            for name, value in metrics.items():
                client.log_metric(run_id, f"gate_{name}", value)
            client.set_tag(run_id, "gate_result", result)
            for model in self._versions(client, run_id):
                lines = [f"The gate {result} this version.", "", *(f"- {reason}" for reason in reasons)]
                client.update_model_version(self.registered_model, str(model.version), "\n".join(lines))

    def log_live_quality(
        self, run_id: str, *, metrics: Mapping[str, float], step: int, figures: Mapping[str, "Figure"]
    ) -> None:
        """Add the live quality of a model to its run; a figure replaces the one with the same name.

        Args:
            run_id: The run that trained the model.
            metrics: Metrics by name.
            step: Number of scored matches: the axis on which MLflow draws the metrics.
            figures: Figures by file name.
        """
        with self._client() as client:
            for name, value in metrics.items():
                client.log_metric(run_id, name, value, step=step)
            for name, figure in figures.items():
                client.log_figure(run_id, figure, name)

    def runs_before(self, moment: datetime) -> list[str]:
        """Return the ids of the runs that began before a moment."""
        with self._client() as client:
            experiment = client.get_experiment_by_name(self.experiment)
            if experiment is None:
                return []
            older = f"attributes.start_time < {int(moment.timestamp() * 1000)}"
            run_ids, token = [], None
            while True:
                page = client.search_runs([experiment.experiment_id], older, max_results=1000, page_token=token)
                run_ids += [run.info.run_id for run in page]
                token = page.token
                if not token:
                    return run_ids

    def delete(self, run_id: str) -> None:
        """Delete a run and its models; the next ``mlflow gc`` removes their files."""
        with self._client() as client:
            run = client.get_run(run_id)
            for stored in run.outputs.model_outputs if run.outputs else ():
                client.delete_logged_model(stored.model_id)
            client.delete_run(run_id)

    def aliases(self) -> dict[str, str]:
        """Return the run id of each alias of the registered model."""
        with self._client() as client:
            models = client.search_registered_models(filter_string=f"name = '{self.registered_model}'")
            versions = dict(models[0].aliases) if models else {}
            return {
                alias: str(client.get_model_version(self.registered_model, number).run_id)
                for alias, number in versions.items()
            }

    def set_aliases(self, run_ids: Mapping[str, str | None]) -> None:
        """Point each alias to the registered version of its run; None removes the alias."""
        with self._client() as client:
            for alias, run_id in run_ids.items():
                if run_id is None:
                    client.delete_registered_model_alias(self.registered_model, alias)
                    continue
                (model,) = self._versions(client, run_id)
                client.set_registered_model_alias(self.registered_model, alias, str(model.version))

    def _versions(self, client: "MlflowClient", run_id: str) -> Sequence[Any]:
        """Versions of the registered model that a run made: one, or none."""
        found: Sequence[Any] = client.search_model_versions(f"name = '{self.registered_model}' and run_id = '{run_id}'")
        return found
