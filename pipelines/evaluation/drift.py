"""Drift: whether what is asked is still like what the model was judged on when it was trained."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs2.forecasting.evaluation.stability import stability_index
from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.storage.model_registry import ModelRow
from pipelines.mlflow_client import MlflowTracking

PROBABILITY = "probability"
RECENT = 5_000
"""So many of the newest forecasts are looked at."""

LEAST_RECENT = 200
"""Fewer questions tell no drift: without any, a stability index of 0.05 is expected of so many."""


REFERENCES = {"map": "X", "series": "X_matches"}
"""What a model's training kept of its held-out maps, to compare forecasts of a kind with."""


def drift_of(model: MapModel, X: FloatArray, recent: pd.DataFrame) -> dict[str, float]:
    """Population stability index of what each feature adds to a forecast, and of the forecasts themselves.

    What a feature adds is the feature times a constant of the model, so that its index is that of the feature. Which
    team is called the first is chance: compared are sizes, |log-odds| and the favourite's probability.

    Args:
        model: The model that gave the recent forecasts.
        X: Features of the held-out maps of its training, or of their matches without a map, shape (m, n_features).
        recent: Its recent forecasts, at least one.
    """
    added = np.abs(model.contributions(X))
    found = {
        name: stability_index(added[:, place], np.abs(recent[name].to_numpy(float)))
        for place, name in enumerate(STORED_FEATURE_NAMES)
        if name in recent
    }
    p = model.probability(X), recent[PROBABILITY].to_numpy(float)
    return found | {PROBABILITY: stability_index(np.maximum(p[0], 1 - p[0]), np.maximum(p[1], 1 - p[1]))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far the newest questions of a kind are from those of the training.

    Attributes:
        indices: Population stability index by feature, and of the forecasts; empty where it cannot be told.
        questions: Different matches that were asked for.
        reference: Held-out matches of the training.
        problem: Why it cannot be told; empty where it can.
    """

    indices: dict[str, float]
    questions: int = 0
    reference: int = 0
    problem: str = ""


def drift_since_training(
    best: ModelRow | None, recent: Mapping[str, pd.DataFrame], mlflow: MlflowTracking
) -> dict[str, Drift]:
    """Drift of the champion's newest forecasts, by their kind.

    Raises:
        MlflowError: If MLflow does not answer.
    """
    from pipelines.defs.training.gate import read_blob  # Dagster: the pure function above needs none of it

    if best is None:
        return dict.fromkeys(REFERENCES, Drift(indices={}, problem="there is no champion yet"))
    found = {}
    for kind, rows in recent.items():
        if len(rows) < LEAST_RECENT:
            unit = kind if kind == "series" else f"{kind}s"
            problem = f"{len(rows)} different {unit} were asked for lately, {LEAST_RECENT} tell of drift"
            found[kind] = Drift(indices={}, questions=len(rows), problem=problem)
    missing = recent.keys() - found
    if not missing:
        return found
    blob = read_blob(mlflow, best)
    arrays = mlflow.evaluation(best.mlflow_run_id) if blob.model is not None else {}
    for kind in missing:
        rows, X = recent[kind], arrays.get(REFERENCES[kind])
        if blob.model is not None and X is not None:
            found[kind] = Drift(indices=drift_of(blob.model, X, rows), questions=len(rows), reference=len(X))
        else:
            problem = blob.problem and f"the model cannot be read: {blob.problem}"
            problem = problem or f"the training of version {best.version} kept nothing to compare with"
            found[kind] = Drift(indices={}, questions=len(rows), problem=problem)
    return found
