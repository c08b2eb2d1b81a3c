"""Estimators: Elo alone as baseline, the served logistic regression, mirrored boosting for comparison."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from cs2.forecasting.matches import BoolArray, FloatArray, IntArray
from cs2.forecasting.model.features import FEATURE_NAMES, PLAYER_FEATURES
from cs2.forecasting.model.training_set import TrainingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorParameters:
    """Hyper-parameters, chosen on 2024-07-01 .. 2025-06-30; the half-life on 2019-01-01 .. 2024-06-30 beside it.

    Attributes:
        inverse_penalty: C of the logistic regression on scaled features, along their common direction; less elsewhere.
        half_life_maps: Number of later maps that halve the weight of a map. Maps, not days: four times as many maps
            were played in 2024-07 .. 2025-06 as in 2019.
        history_days: Age in days from which maps are left out of the training.
    """

    inverse_penalty: float = 0.02
    half_life_maps: float = 4500.0
    history_days: int = 1100


DEFAULT_PARAMETERS = EstimatorParameters()

_PLAYER_COLUMNS = [FEATURE_NAMES.index(name) for name in PLAYER_FEATURES]


def weights(day: IntArray, *, half_life_maps: float) -> FloatArray:
    """Weight of each map: 0.5 ** (maps on later days / half-life), shape (n,)."""
    later = len(day) - np.searchsorted(np.sort(day), day, side="right")
    recent: FloatArray = 0.5 ** (later / half_life_maps)
    return recent


def _regression(*, inverse_penalty: float) -> LogisticRegression:
    """No intercept; a tight tolerance, since the default solver's result depends on the order of teams by 1e-4."""
    return LogisticRegression(fit_intercept=False, C=inverse_penalty, solver="newton-cholesky", tol=1e-10)


def fit_logistic(data: TrainingSet, *, parameters: EstimatorParameters = DEFAULT_PARAMETERS) -> Pipeline:
    """Fit the served model: scaled, without mean and intercept, so that it is odd in the features.

    The penalty is a Gaussian prior in which coefficients are correlated as the features are: features that mostly agree
    should count alike, since few maps show what one of them says against the others (docs/adr/0014).

    A better player must not harm his side. Features that rise with skill (``PLAYER_FEATURES``) and would get a negative
    coefficient are left out, the most negative first, and the rest is fitted again.

    Args:
        data: Decided maps; later ones have more weight.
        parameters: Penalty and weights.
    """
    age = weights(data.day, half_life_maps=parameters.half_life_maps)
    # With the mirror images the mean is zero: the deviation does not depend on which team stands first.
    scaler = StandardScaler(with_mean=False).fit(np.concatenate([data.X, -data.X]))
    X = scaler.transform(data.X)
    while True:
        root = _root_of_correlation(X, age)
        regression = _regression(inverse_penalty=parameters.inverse_penalty)
        regression.fit(X @ root, data.team1_won, sample_weight=age)
        regression.coef_ = regression.coef_ @ root.T
        worst = min(_PLAYER_COLUMNS, key=lambda column: regression.coef_[0, column])
        if regression.coef_[0, worst] >= 0:
            return Pipeline([("scale", scaler), ("regression", regression)])
        X[:, worst] = 0.0


def _root_of_correlation(X: FloatArray, weight: FloatArray) -> FloatArray:
    """L with L·Lᵀ = the weighted correlation of scaled features, divided by its largest eigenvalue.

    A ridge on X·L has the prior covariance C·L·Lᵀ on X. Triangular, so that a feature that is zero everywhere gets a
    coefficient of exactly zero.
    """
    moments = (X * weight[:, None]).T @ X / weight.sum()
    prior = moments / np.linalg.eigvalsh(moments)[-1] + 1e-9 * np.eye(X.shape[1])  # a feature may be zero everywhere
    root: FloatArray = np.linalg.cholesky(prior)
    return root


def fit_elo(data: TrainingSet, *, parameters: EstimatorParameters = DEFAULT_PARAMETERS) -> Pipeline:
    """Fit team Elo alone, recalibrated on the past: the baseline that every model has to beat."""
    only_elo = ColumnTransformer([("elo", "passthrough", [FEATURE_NAMES.index("elo")])])
    pipeline = Pipeline([("select", only_elo), ("regression", _regression(inverse_penalty=1e6))])
    age = weights(data.day, half_life_maps=parameters.half_life_maps)
    return pipeline.fit(data.X, data.team1_won, regression__sample_weight=age)


class MirroredBoosting(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Histogram gradient boosting on each map and its mirror image; p = (p(x) + 1 − p(−x)) / 2 is exactly symmetric."""

    def __init__(self, max_leaf_nodes: int = 8, learning_rate: float = 0.04, max_iter: int = 130) -> None:
        self.max_leaf_nodes = max_leaf_nodes
        self.learning_rate = learning_rate
        self.max_iter = max_iter

    def fit(self, X: FloatArray, y: BoolArray, sample_weight: FloatArray | None = None) -> "MirroredBoosting":
        """Fit on the maps and on the same maps with the sides exchanged."""
        self.boosting_ = HistGradientBoostingClassifier(
            max_leaf_nodes=self.max_leaf_nodes,
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            min_samples_leaf=150,
            l2_regularization=30.0,
            early_stopping=False,  # it would put mirrored copies on both sides of a split
            random_state=0,
        )
        both = None if sample_weight is None else np.concatenate([sample_weight, sample_weight])
        self.boosting_.fit(np.concatenate([X, -X]), np.concatenate([y, ~np.asarray(y, bool)]), sample_weight=both)
        self.classes_ = np.array([False, True])
        self.n_features_in_ = X.shape[1]
        return self

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """Probability of each class, shape (n, 2)."""
        X = np.asarray(X)  # a frame has column names, which the boosting was fitted without
        won = (self.boosting_.predict_proba(X)[:, 1] + self.boosting_.predict_proba(-X)[:, 0]) / 2.0
        return np.column_stack([1.0 - won, won])

    def predict(self, X: FloatArray) -> BoolArray:
        """More probable class, shape (n,)."""
        likelier: BoolArray = self.predict_proba(X)[:, 1] > 0.5
        return likelier


def fit_boosting(data: TrainingSet, *, parameters: EstimatorParameters = DEFAULT_PARAMETERS) -> MirroredBoosting:
    """Fit the boosting that the training compares with the served model."""
    age = weights(data.day, half_life_maps=parameters.half_life_maps)
    return MirroredBoosting().fit(data.X, data.team1_won, sample_weight=age)
