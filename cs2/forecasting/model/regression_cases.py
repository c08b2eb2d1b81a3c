"""Regression cases: feature rows with the probabilities that a model must return for them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel

N_CASES = 32


def build_regression_cases(model: MapModel, X: FloatArray) -> dict[str, list[Any]]:
    """Choose feature rows and record their probabilities, for verification after loading the model.

    Args:
        model: The trained model.
        X: Feature rows to choose from at even distances, shape (n, n_features).
    """
    chosen = X[np.linspace(0, len(X) - 1, min(N_CASES, len(X))).astype(int)]
    return {"features": chosen.tolist(), "probability": model.probability(chosen).tolist()}


def regression_error(model: MapModel, regression_cases: Mapping[str, Any]) -> float:
    """Largest distance of the model's probabilities from the recorded ones; 0 without any case."""
    X = np.asarray(regression_cases["features"], dtype=np.float64).reshape(-1, len(FEATURE_NAMES))
    if not len(X):
        return 0.0
    return float(np.abs(model.probability(X) - np.asarray(regression_cases["probability"])).max())
