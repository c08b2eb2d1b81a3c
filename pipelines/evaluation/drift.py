"""Drift: whether the newest questions still resemble the held-out maps of the model's training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from cs2.forecasting.evaluation.gate import EvaluationSet
from cs2.forecasting.evaluation.stability import stability_index
from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.model_artifacts import ArtifactRejectedError, load_model
from cs2.storage.model_registry import ModelRow

PROBABILITY = "probability"

MAX_RECENT = 5_000
"""How many of the newest forecasts are compared."""

MIN_RECENT = 200
"""Fewer questions show no drift: even without any, this many have an expected stability index of 0.05."""

REFERENCES = {"map": "X", "series": "X_matches"}
"""Array of the training's evaluation to compare forecasts of each kind with."""


class ModelStore(Protocol):
    """Where models and the evaluations of their trainings are stored."""

    def fetch(self, artifact_uri: str) -> bytes:
        """Return the bytes of an artifact."""

    def evaluation(self, run_id: str) -> EvaluationSet:
        """Return what a training was evaluated on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Distance between the newest questions of one kind and those of the training.

    Attributes:
        indices: Population stability index per feature, and of the forecasts; empty if not measured.
        questions: Number of different questions.
        reference: Number of held-out matches of the training.
        problem: Why drift is not measured; empty if it is.
    """

    indices: dict[str, float]
    questions: int = 0
    reference: int = 0
    problem: str = ""


def drift_indices(model: MapModel, X: FloatArray, recent: pd.DataFrame) -> dict[str, float]:
    """Population stability index of each feature's contributions, and of the forecasts.

    A contribution is the feature times a coefficient, so its index is that of the feature. Which team comes first is
    chance. So absolute contributions and the favourite's probability are compared.

    Args:
        model: The model that gave the recent forecasts.
        X: Features of its held-out maps, or of their matches without a map, shape (m, n_features).
        recent: Its recent forecasts (:func:`pipelines.evaluation.stored_forecasts.read_recent_contributions`).
    """
    expected = np.abs(model.contributions(X))
    indices = {
        name: stability_index(expected[:, column], np.abs(recent[name].to_numpy(float)))
        for column, name in enumerate(FEATURE_NAMES)
        if name in recent
    }
    reference, actual = model.probability(X), recent[PROBABILITY].to_numpy(float)
    of_favourite = np.maximum(reference, 1 - reference), np.maximum(actual, 1 - actual)
    return indices | {PROBABILITY: stability_index(*of_favourite)}


def drift_since_training(
    champion: ModelRow | None, recent: Mapping[str, pd.DataFrame], store: ModelStore
) -> dict[str, Drift]:
    """Measure the drift of the champion's newest forecasts, by kind.

    The store raises its own errors if it does not answer. It is not called if there are too few forecasts.

    Args:
        champion: The champion, if there is one.
        recent: Its recent forecasts, by kind.
        store: Where its blob and the evaluation of its training are.
    """
    if champion is None:
        return dict.fromkeys(REFERENCES, Drift(indices={}, problem="there is no champion yet"))
    drifts = {kind: _too_few(kind, len(rows)) for kind, rows in recent.items() if len(rows) < MIN_RECENT}
    enough = {kind: rows for kind, rows in recent.items() if kind not in drifts}
    if not enough:
        return drifts
    try:
        model = load_model(champion, store.fetch(champion.artifact_uri))
    except ArtifactRejectedError as error:
        problem = f"the model cannot be read: {error}"
        return drifts | {kind: Drift(indices={}, questions=len(rows), problem=problem) for kind, rows in enough.items()}
    evaluation = store.evaluation(champion.mlflow_run_id)
    for kind, rows in enough.items():
        X = getattr(evaluation, REFERENCES[kind])
        if X is None:
            problem = f"the training of version {champion.version} stored nothing to compare with"
            drifts[kind] = Drift(indices={}, questions=len(rows), problem=problem)
        else:
            drifts[kind] = Drift(indices=drift_indices(model, X, rows), questions=len(rows), reference=len(X))
    return drifts


def _too_few(kind: str, questions: int) -> Drift:
    unit = kind if kind == "series" else f"{kind}s"
    problem = f"{questions} different {unit} were forecast recently, {MIN_RECENT} are needed"
    return Drift(indices={}, questions=questions, problem=problem)
