"""Metrics of forecasts: proper scores, calibration, and paired differences with intervals by day."""

from dataclasses import dataclass

import numpy as np

from cs2.forecasting.matches import BoolArray, FloatArray, IntArray

LEAST_PROBABILITY = 1e-12
"""Keeps logarithms finite; far below ``probability.EDGE``, so that no published forecast is changed."""


def _checked(probability: FloatArray, outcome: BoolArray) -> tuple[FloatArray, FloatArray]:
    p, y = np.asarray(probability, float), np.asarray(outcome, float)
    if p.shape != y.shape:
        raise ValueError(f"{p.shape[0]} probabilities for {y.shape[0]} outcomes")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("a probability leaves [0, 1]")
    return np.clip(p, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY), y


def log_losses(probability: FloatArray, outcome: BoolArray) -> FloatArray:
    """Negative log-likelihood of each outcome, in nats; 0.693 is a coin. Shapes (n,).

    Raises:
        ValueError: If the shapes differ or a probability leaves [0, 1].
    """
    p, y = _checked(probability, outcome)
    losses: FloatArray = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    return losses


def log_loss(probability: FloatArray, outcome: BoolArray) -> float:
    """Mean of :func:`log_losses`."""
    return float(log_losses(probability, outcome).mean())


def brier_score(probability: FloatArray, outcome: BoolArray) -> float:
    """Mean squared distance between forecast and outcome; 0 is perfect, 0.25 a coin. Source: Brier (1950)."""
    p, y = _checked(probability, outcome)
    return float(((p - y) ** 2).mean())


def accuracy(probability: FloatArray, outcome: BoolArray) -> float:
    """Share of outcomes on the side that was given more than one half; an even forecast counts half."""
    p, y = np.asarray(probability, float), np.asarray(outcome, float)
    return float(np.where(p == 0.5, 0.5, (p > 0.5) == (y == 1)).mean())


def auc(probability: FloatArray, outcome: BoolArray) -> float:
    """Area under the ROC curve: the chance that a won map was given more than a lost one, ties one half."""
    p, y = _checked(probability, outcome)
    values, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    del values
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    won = y == 1
    n1, n0 = int(won.sum()), int((~won).sum())
    return float((ranks[won].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)) if n1 and n0 else float("nan")


@dataclass(frozen=True, slots=True)
class Recalibration:
    """Logistic regression of the outcome on the forecast's log-odds. Source: Cox (1958).

    Attributes:
        slope: 1 is calibrated, above 1 under-confident.
        intercept: 0 is calibrated.
        slope_error: Standard error of the slope.
        intercept_error: Standard error of the intercept.
    """

    slope: float
    intercept: float
    slope_error: float
    intercept_error: float

    def __str__(self) -> str:
        """Slope and intercept, each with two standard errors."""
        return (
            f"slope {self.slope:.3f} ± {2 * self.slope_error:.3f},"
            f" intercept {self.intercept:+.3f} ± {2 * self.intercept_error:.3f}"
        )


def recalibration(probability: FloatArray, outcome: BoolArray) -> Recalibration:
    """Fit slope and intercept by Newton's method."""
    p, y = _checked(probability, outcome)
    design = np.column_stack([np.log(p / (1 - p)), np.ones(len(p))])
    beta = np.array([1.0, 0.0])
    for _ in range(50):
        q = np.exp(-np.logaddexp(0.0, -design @ beta))  # does not overflow if few maps are separated perfectly
        hessian = (design * (q * (1 - q))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (y - q))
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(hessian)))
    return Recalibration(float(beta[0]), float(beta[1]), float(errors[0]), float(errors[1]))


@dataclass(frozen=True, slots=True)
class CalibrationBins:
    """Forecasts in bins of equal width: mean forecast, share won, how many; no empty bins. Shapes (n_bins,)."""

    forecast: FloatArray
    won: FloatArray
    count: IntArray

    def expected_error(self) -> float:
        """Expected calibration error: mean distance of both, weighted by count."""
        return float(np.average(np.abs(self.forecast - self.won), weights=self.count))


def calibration_bins(probability: FloatArray, outcome: BoolArray, *, n_bins: int = 10) -> CalibrationBins:
    """Group forecasts by size."""
    p, y = _checked(probability, outcome)
    place = np.minimum((p * n_bins).astype(int), n_bins - 1)
    count = np.bincount(place, minlength=n_bins)
    full = count > 0
    return CalibrationBins(
        np.bincount(place, p, n_bins)[full] / count[full],
        np.bincount(place, y, n_bins)[full] / count[full],
        count[full].astype(np.int64),
    )


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the bounds of its 95% interval."""

    estimate: float
    low: float
    high: float

    def signed(self) -> str:
        """Text of a difference: ``+0.0123 [-0.0010, +0.0256]``."""
        return f"{self.estimate:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def by_day(values: FloatArray, day: IntArray, *, n_resamples: int = 2000, seed: int = 0) -> Interval:
    """Mean with a 95% interval from resampling whole days: maps of one day are not independent.

    Args:
        values: For a paired comparison the differences of two losses, shape (n,).
        day: Day of each value, shape (n,).
        n_resamples: Bootstrap resamples.
        seed: Of the random generator.
    """
    _, inverse = np.unique(day, return_inverse=True)
    total, count = np.bincount(inverse, values), np.bincount(inverse)
    chosen = np.random.default_rng(seed).integers(0, len(total), (n_resamples, len(total)))
    means = total[chosen].sum(axis=1) / count[chosen].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))
