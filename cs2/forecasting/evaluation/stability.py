"""Drift between the training data and recent questions: the population stability index."""

import numpy as np

from cs2.forecasting.matches import FloatArray

N_BINS = 10
DRIFTED = 0.25
"""Usual bound of the index: populations differ above it, and hardly differ below 0.1."""


def stability_index(reference: FloatArray, recent: FloatArray) -> float:
    """Population stability index: the sum over bins of (a − e) · ln(a / e), a and e being the shares of both samples.

    Bins hold a tenth of the reference each; they are fewer where many of its values are the same. Half an observation
    is added to each bin, so that an empty one does not make the index infinite. Without drift about
    (bins − 1) · (1/n + 1/m) is expected. Source: Siddiqi (2006), 'Credit Risk Scorecards'.

    Args:
        reference: Sample of the training, shape (m,).
        recent: Recent sample, shape (n,).

    Raises:
        ValueError: If a sample is empty.
    """
    if not len(reference) or not len(recent):
        raise ValueError("a stability index needs two samples")
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    expected, actual = _shares(edges, reference), _shares(edges, recent)
    return float(((actual - expected) * np.log(actual / expected)).sum())


def _shares(edges: FloatArray, sample: FloatArray) -> FloatArray:
    counts = np.bincount(np.searchsorted(edges, sample, side="left"), minlength=len(edges) + 1) + 0.5
    shares: FloatArray = counts / counts.sum()
    return shares
