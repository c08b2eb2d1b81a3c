"""What one MLflow run shows of a trained model, and how each part is written to the active run."""

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cs2.forecasting.evaluation.gate import EvaluationSet
from cs2.forecasting.matches import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow.data.dataset import Dataset

EVALUATION = "evaluation.npz"
N_EXAMPLES = 5
"""Rows of the input example."""

REQUIREMENTS = ("scikit-learn", "skops", "numpy")

BOOSTING_TYPES = (
    "cs2.forecasting.model.estimators.MirroredBoosting",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
"""Reviewed: the first is our own; skops distrusts the second because forged node indices are read out of bounds. The
pipelines only write these, to compare models in MLflow. Serving loads linear models, which need neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """Maps that a model was fitted or evaluated on: one dataset input of an MLflow run.

    Attributes:
        name: Name of the dataset.
        context: ``training`` or ``evaluation``.
        X: Features, shape (n, n_features).
        team1_won: Outcome, shape (n,).
        span: First and last day, as ``from`` and ``through``.
    """

    name: str
    context: str
    X: FloatArray
    team1_won: BoolArray
    span: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A trained model, as its MLflow run shows it.

    Attributes:
        name: Kind of estimator, and name of the run.
        estimator: The fitted scikit-learn estimator.
        feature_names: Columns of ``X``, in order.
        X: Feature rows: the first ones become the input example, shape (n, n_features).
        parameters: Parameters of the training.
        metrics: Scores on the held-out maps.
        tags: Data span and origin.
        datasets: What the model was fitted and evaluated on.
        figures: Plots by file name.
        evaluation: What the gate compares, stored as ``evaluation.npz``.
        trusted_types: Reviewed types that skops does not trust by itself.
        is_registered: Whether the model becomes a version of the registered model.
    """

    name: str
    estimator: Any
    feature_names: Sequence[str]
    X: FloatArray
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    datasets: Sequence[TrainingData] = ()
    figures: Mapping[str, "Figure"] = field(default_factory=dict)
    evaluation: EvaluationSet | None = None
    trusted_types: Sequence[str] = ()
    is_registered: bool = False


def log_dataset(data: TrainingData) -> "Dataset":
    """Add a dataset to the inputs of the active run."""
    import mlflow
    from mlflow.data.numpy_dataset import from_numpy

    dataset: Dataset = from_numpy(data.X, targets=data.team1_won, name=data.name)
    mlflow.log_input(dataset, context=data.context, tags=dict(data.span))
    return dataset


def log_evaluation(evaluation: EvaluationSet) -> None:
    """Store what the gate compares as a file of the active run."""
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / EVALUATION
        evaluation.save(path)
        mlflow.log_artifact(str(path))


def log_estimator(trained: TrainedModel, registered_model: str | None) -> str:
    """Store the estimator with its signature, an input example and pinned requirements; return the model's id."""
    import mlflow.sklearn
    import pandas as pd
    from mlflow.models import infer_signature

    rows = trained.X[:N_EXAMPLES]
    example = pd.DataFrame(rows, columns=list(trained.feature_names))
    estimator = _with_feature_names(trained.estimator, trained.feature_names)
    with warnings.catch_warnings():
        # mlflow compares the example's columns with a range, which pandas 3 deprecates.
        warnings.filterwarnings("ignore", "Operation with range is deprecated")
        info = mlflow.sklearn.log_model(
            estimator,
            name="model",
            serialization_format="skops",
            skops_trusted_types=list(trained.trusted_types) or None,
            signature=infer_signature(example, estimator.predict_proba(example)),
            input_example=example,
            pyfunc_predict_fn="predict_proba",
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            registered_model_name=registered_model,
        )
    return str(info.model_id)


def _with_feature_names(estimator: Any, feature_names: Sequence[str]) -> Any:
    """Copy an estimator that was fitted on an array, so that it accepts a frame with these columns."""
    named = deepcopy(estimator)
    first = named.steps[0][1] if hasattr(named, "steps") else named
    first.feature_names_in_ = np.array(feature_names, dtype=object)
    return named
