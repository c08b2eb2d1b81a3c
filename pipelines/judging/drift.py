"""Drift: whether what is asked is still like what the model was judged on when it was trained."""

import numpy as np
import pandas as pd

from cs2.forecasting.drift import stability_index
from cs2.forecasting.features import FEATURE_NAMES
from cs2.forecasting.history import FloatArray
from cs2.forecasting.model import MapModel

PROBABILITY = "probability"
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
