"""Probabilities and log-odds."""

import numpy as np

from cs2.forecasting.matches import FloatArray

EDGE = 1e-6
"""A forecast is never nearer to certainty than this."""


def sigmoid(x: FloatArray) -> FloatArray:
    """Probability of log-odds; exactly complementary for ``x`` and ``-x``."""
    positive = 1.0 / (1.0 + np.exp(-np.abs(x)))
    return np.where(x >= 0, positive, 1.0 - positive)
