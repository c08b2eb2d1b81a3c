"""The served map model: a dot product of antisymmetric features, and what a forecast says beside its number."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from cs2.forecasting.matches import UNKNOWN, BoolArray, Fixtures, FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES, OF_PLAYERS, Sides, from_sides, read_sides
from cs2.forecasting.ratings.parameters import SETTLED_MAPS, damped
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.forecasting.ratings.state import POOL_DAYS, RatingState

EDGE = 1e-6
"""A forecast is never nearer to certainty than this."""

Z_95 = 1.959963984540054
SHARED_ERROR = 0.7
"""Standard error, in log-odds, that the maps of a series share: on its day a team is better or worse than ratings know.

Its square is the covariance of the first two maps of a series beyond their forecasts: 0.50 ± 0.06 on 6,646 series of
2024-07 .. 2025-06 (docs/quality.md).
"""

OLD_RATINGS_DAYS = 30
POOL_SHARE = 0.02
N_GOLDEN = 32


def sigmoid(x: FloatArray) -> FloatArray:
    """Probability of log-odds; exactly complementary for ``x`` and ``-x``."""
    positive = 1.0 / (1.0 + np.exp(-np.abs(x)))
    return np.where(x >= 0, positive, 1.0 - positive)


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


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts of n maps.

    Attributes:
        probability: That team 1 wins, shape (n,).
        low: Lower bound of the 95% interval, shape (n,).
        high: Upper bound, shape (n,).
        X: Features, shape (n, n_features).
        lineups: The five that were used; UNKNOWN where none is known, shape (n, 2, 5).
        warnings: Of each map, in words.
    """

    probability: FloatArray
    low: FloatArray
    high: FloatArray
    X: FloatArray
    lineups: Any
    warnings: Sequence[Sequence[str]]


def forecast(model: MapModel, snapshot: RatingSnapshot, fixtures: Fixtures) -> Forecasts:
    """Forecast maps.

    Args:
        model: Trained on the features that ``snapshot`` serves.
        snapshot: Ratings of a day before that of the fixtures.
        fixtures: Maps to forecast, n of them.
    """
    sides = read_sides(snapshot.state, fixtures)
    X = from_sides(sides)
    log_odds = model.log_odds(X)
    reach = Z_95 * log_odds_error(model, sides)
    return Forecasts(
        probability=np.clip(sigmoid(log_odds), EDGE, 1 - EDGE),
        low=np.clip(sigmoid(log_odds - reach), EDGE, 1 - EDGE),
        high=np.clip(sigmoid(log_odds + reach), EDGE, 1 - EDGE),
        X=X,
        lineups=sides.lineup,
        warnings=_warnings(snapshot, fixtures, sides),
    )


def log_odds_error(model: MapModel, sides: Sides) -> FloatArray:
    """Standard error of the log-odds: of the day, and of each part of the ratings as the model weighs it, (n,)."""
    c = dict(zip(FEATURE_NAMES, model.coefficients.tolist(), strict=True))
    per_strength = damped(c["rating_of_experienced"] * sides.experienced, sides.variance)
    per_skill = per_strength + c["best_three"] + c["best_three_of_experienced"] * sides.experienced
    name_variance = sides.name_variance.sum(axis=1)
    variance = (
        per_skill**2 * sides.skill_variance.sum(axis=1)
        + (per_strength + c["map_strength"]) ** 2 * sides.map_variance.sum(axis=1)
        + (per_strength + c["form"]) ** 2 * sides.form_variance.sum(axis=1)
        + damped(c["name_rating"], name_variance) ** 2 * name_variance
    )
    error: FloatArray = np.sqrt(SHARED_ERROR**2 + variance)
    return error


def least_player_gain(model: MapModel) -> float:
    """Least coefficient of a feature that rises with a player's skill; where it is below 0 he could harm his side."""
    return min(float(model.coefficients[FEATURE_NAMES.index(name)]) for name in OF_PLAYERS)


def active_maps(state: RatingState, day: int) -> BoolArray:
    """Which maps are in the pool: at least 2% of the maps of the last 90 days, shape (n_maps,)."""
    recent = (state.pool_day > day - POOL_DAYS) & (state.pool_day <= day)
    played = state.pool[recent].sum(axis=0)
    active: BoolArray = played >= POOL_SHARE * max(int(played.sum()), 1)
    active[0] = False
    return active


def _warnings(snapshot: RatingSnapshot, fixtures: Fixtures, sides: Sides) -> list[list[str]]:
    """Warnings of each map, counted for all maps at once: map by map they took four fifths of a forecast's time."""
    state = snapshot.state
    lineup, known = sides.lineup, sides.lineup_known
    maps_played = state.player_maps[np.where(lineup < len(state.player_maps), lineup, 0)]
    newcomers = (maps_played < SETTLED_MAPS).sum(axis=2)
    latest = state.lineup[np.where(fixtures.team_ids < len(state.lineup), fixtures.team_ids, 0)]
    plays = (lineup[:, :, :, None] == latest[:, :, None, :]).any(axis=3)
    standins = np.where(latest[:, :, 0] != UNKNOWN, (~plays).sum(axis=2), 0)
    pool = active_maps(state, snapshot.as_of)
    in_pool = pool[np.where(fixtures.map_id < len(pool), fixtures.map_id, 0)] | (fixtures.map_id == UNKNOWN)
    of_sides = np.stack((known, newcomers, standins), axis=-1).tolist()
    ages = (fixtures.day - snapshot.as_of).tolist()
    knows_maps = state.knows_maps()
    return [
        [
            *_of_side(1, *first),
            *_of_side(2, *second),
            *_of_map(knows_maps, is_in_pool),
            *([f"the ratings are {age} days older than the match"] if age > OLD_RATINGS_DAYS else ()),
        ]
        for (first, second), is_in_pool, age in zip(of_sides, in_pool.tolist(), ages, strict=True)
    ]


@cache
def _of_side(side: int, is_known: int, newcomers: int, standins: int) -> tuple[str, ...]:
    if not is_known:
        return (f"team {side}: no lineup is known, the rating of the name is used",)
    new = (f"team {side}: {newcomers} of five with fewer than {SETTLED_MAPS} known maps",) if newcomers else ()
    return (*new, f"team {side}: {standins} of five did not play its latest map") if standins else new


def _of_map(knows_maps: bool, is_in_pool: bool) -> tuple[str, ...]:
    if not knows_maps:
        return ("no map was ever rated: this is the chance to win the series, the same on every map",)
    return () if is_in_pool else ("the map is outside the active pool",)


def warnings_of_all(snapshot: RatingSnapshot, fixtures: Fixtures) -> list[str]:
    """Warnings of several maps of the same two sides, each once."""
    found = _warnings(snapshot, fixtures, read_sides(snapshot.state, fixtures))
    return list(dict.fromkeys(warning for of_map in found for warning in of_map))


def golden_set(model: MapModel, X: FloatArray) -> dict[str, list[Any]]:
    """A few feature rows with their probabilities: whoever loads the model must get the same.

    Args:
        model: The model.
        X: Feature rows to choose from, shape (n, n_features); they are taken at even distances.
    """
    chosen = X[np.linspace(0, len(X) - 1, min(N_GOLDEN, len(X))).astype(int)]
    return {"features": chosen.tolist(), "probability": model.probability(chosen).tolist()}


def golden_error(model: MapModel, golden: dict[str, Any]) -> float:
    """Largest distance between the model's answers and the golden ones."""
    X = np.asarray(golden["features"], dtype=np.float64).reshape(-1, len(FEATURE_NAMES))
    if not len(X):
        return 0.0
    return float(np.abs(model.probability(X) - np.asarray(golden["probability"])).max())
