"""Drift: whether what is asked is still like what the model was judged on when it was trained."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs2.forecasting.drift import stability_index
from cs2.forecasting.features import FEATURE_NAMES
from cs2.forecasting.history import FloatArray
from cs2.forecasting.model import MapModel
from cs2.storage.models import MlModel
from pipelines.mlflow_tracking import Mlflow

PROBABILITY = "probability"
RECENT = 5_000
"""So many of the newest forecasts are looked at."""

LEAST_RECENT = 200
"""Fewer questions tell no drift: without any, a stability index of 0.05 is expected of so many."""


def drift_of(model: MapModel, X: FloatArray, recent: pd.DataFrame) -> dict[str, float]:
    """Population stability index of what each feature adds to a forecast, and of the forecasts themselves.

    What a feature adds is the feature times a constant of the model, so that its index is that of the feature. Which
    team is called the first is chance: compared are sizes, |log-odds| and the favourite's probability.

    Args:
        model: The model that gave the recent forecasts.
        X: Features of the held-out maps of its training, shape (m, n_features).
        recent: Its recent forecasts (:func:`pipelines.judging.forecasts.read_recent`), at least one.
    """
    added = np.abs(model.contributions(X))
    found = {
        name: stability_index(added[:, place], np.abs(recent[name].to_numpy(float)))
        for place, name in enumerate(FEATURE_NAMES)
        if name in recent
    }
    p = model.probability(X), recent[PROBABILITY].to_numpy(float)
    return found | {PROBABILITY: stability_index(np.maximum(p[0], 1 - p[0]), np.maximum(p[1], 1 - p[1]))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far the newest questions are from those of the training.

    Attributes:
        indices: Population stability index by feature, and of the forecasts; empty where it cannot be told.
        questions: Different maps that were asked for.
        reference: Held-out maps of the training.
        problem: Why it cannot be told; empty where it can.
    """

    indices: dict[str, float]
    questions: int = 0
    reference: int = 0
    problem: str = ""


def drift_since_training(best: MlModel | None, recent: pd.DataFrame, mlflow: Mlflow) -> Drift:
    """Drift of the champion's newest forecasts (:func:`pipelines.judging.forecasts.read_recent`).

    Raises:
        MlflowError: If MLflow does not answer.
    """
    from pipelines.defs.models.gate import read_blob  # Dagster: the pure function above needs none of it

    if best is None:
        return Drift(indices={}, problem="there is no champion yet")
    if len(recent) < LEAST_RECENT:
        problem = f"{len(recent)} different maps were asked for lately, {LEAST_RECENT} tell of drift"
        return Drift(indices={}, questions=len(recent), problem=problem)
    blob = read_blob(mlflow, best)
    if blob.model is None:
        return Drift(indices={}, questions=len(recent), problem=f"the model cannot be read: {blob.problem}")
    X = mlflow.evaluation(best.mlflow_run_id)["X"]
    return Drift(indices=drift_of(blob.model, X, recent), questions=len(recent), reference=len(X))
