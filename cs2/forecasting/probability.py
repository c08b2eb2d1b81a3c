"""Probabilities and log-odds."""

import numpy as np

from cs2.forecasting.matches import FloatArray

EDGE = 1e-6
"""Least distance of a forecast from 0 and 1."""


def sigmoid(x: FloatArray) -> FloatArray:
    """Probability 1 / (1 + exp(-x)) of log-odds ``x``; the values of ``x`` and ``-x`` sum to exactly 1."""
    positive = 1.0 / (1.0 + np.exp(-np.abs(x)))
    return np.where(x >= 0, positive, 1.0 - positive)


def bounded_probability(log_odds: FloatArray) -> FloatArray:
    """Probability of log-odds, at least ``EDGE`` away from 0 and 1: the form in which forecasts are published."""
    return clip_probability(sigmoid(log_odds))


def clip_probability(probability: FloatArray | float) -> FloatArray:
    """Keep probabilities at least ``EDGE`` away from 0 and 1."""
    bounded: FloatArray = np.clip(probability, EDGE, 1 - EDGE)
    return bounded
