"""Feature rows with the probabilities that a model must return for them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel

N_CASES = 32


def build_regression_cases(model: MapModel, X: FloatArray) -> dict[str, list[Any]]:
    """A few feature rows with their probabilities: whoever loads the model must get the same.

    Args:
        model: The model.
        X: Feature rows to choose from, shape (n, n_features); they are taken at even distances.
    """
    chosen = X[np.linspace(0, len(X) - 1, min(N_CASES, len(X))).astype(int)]
    return {"features": chosen.tolist(), "probability": model.probability(chosen).tolist()}


def regression_error(model: MapModel, regression_cases: Mapping[str, Any]) -> float:
    """Largest distance between the model's answers and the golden ones."""
    X = np.asarray(regression_cases["features"], dtype=np.float64).reshape(-1, len(FEATURE_NAMES))
    if not len(X):
        return 0.0
    return float(np.abs(model.probability(X) - np.asarray(regression_cases["probability"])).max())
