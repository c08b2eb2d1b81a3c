"""The served map model: an antisymmetric logistic regression, a dot product of features and coefficients."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES, PLAYER_FEATURES
from cs2.forecasting.probability import bounded_probability


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
            ValueError: If the estimator is of another kind, or has another number of features.
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
        # Multiply and add in a fixed order: with BLAS the last bit of a row could depend on the size of its batch.
        result: FloatArray = self.contributions(X).sum(axis=1)
        return result

    def probability(self, X: FloatArray) -> FloatArray:
        """Probability that team 1 wins, shape (n,)."""
        return bounded_probability(self.log_odds(X))

    def contributions(self, X: FloatArray) -> FloatArray:
        """Contribution of each feature in log-odds, shape (n, n_features); the sum of a row is its log-odds."""
        added: FloatArray = X * self.coefficients
        return added


def least_player_gain(model: MapModel) -> float:
    """Least coefficient of a feature that rises with a player's skill; below 0 a better player could harm his side."""
    return min(float(model.coefficients[FEATURE_NAMES.index(name)]) for name in PLAYER_FEATURES)
