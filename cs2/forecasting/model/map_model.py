"""The served map model: an antisymmetric logistic regression, a dot product of features and coefficients."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES, PLAYER_FEATURES
from cs2.forecasting.probability import EDGE, sigmoid


@dataclass(frozen=True, slots=True)
class MapModel:
    """Logistic regression without intercept: log-odds = features · coefficients.

    Attributes:
        coefficients: Log-odds per unit of each feature, in the order of ``FEATURE_NAMES``, shape (n_features,).
    """

    coefficients: FloatArray

    @classmethod
    def from_estimator(cls, estimator: Any) -> "MapModel":
        """Read a fitted scikit-learn pipeline of a scaler without mean and a logistic regression without intercept.

        Raises:
            ValueError: If the estimator is something else, or has another number of features.
        """
        try:
            scaler, regression = (step for _, step in estimator.steps)
            centred, intercept = scaler.with_mean, float(np.abs(regression.intercept_).sum())
            coefficients = np.asarray(regression.coef_[0] / scaler.scale_, dtype=np.float64)
        except (AttributeError, TypeError, ValueError, IndexError) as error:
            raise ValueError(f"not an antisymmetric logistic regression: {error}") from error
        if centred or intercept != 0.0:
            raise ValueError("not antisymmetric: the model has a mean or an intercept")
        if coefficients.shape != (len(FEATURE_NAMES),) or not np.isfinite(coefficients).all():
            raise ValueError(f"the model has {coefficients.shape} coefficients for {len(FEATURE_NAMES)} features")
        return cls(coefficients)

    def log_odds(self, X: FloatArray) -> FloatArray:
        """Log-odds that team 1 wins, shape (n,)."""
        # Multiply and add in a fixed order: BLAS may give one row alone another last bit than the same row in a batch.
        result: FloatArray = self.contributions(X).sum(axis=1)
        return result

    def probability(self, X: FloatArray) -> FloatArray:
        """Probability that team 1 wins, shape (n,)."""
        bounded: FloatArray = np.clip(sigmoid(self.log_odds(X)), EDGE, 1 - EDGE)
        return bounded

    def contributions(self, X: FloatArray) -> FloatArray:
        """What each feature adds, in log-odds, shape (n, n_features); a row sums to its log-odds."""
        added: FloatArray = X * self.coefficients
        return added


def least_player_gain(model: MapModel) -> float:
    """Least coefficient of a feature that rises with a player's skill; where it is below 0 he could harm his side."""
    return min(float(model.coefficients[FEATURE_NAMES.index(name)]) for name in PLAYER_FEATURES)
