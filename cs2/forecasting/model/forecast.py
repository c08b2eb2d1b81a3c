"""Forecasts of maps: probability, interval and warnings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cs2.forecasting.matches import FloatArray, MatchQuestions
from cs2.forecasting.model.features import design_matrix, read_matchup
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.uncertainty import Z_95, log_odds_error
from cs2.forecasting.model.warnings import warnings_by_map
from cs2.forecasting.probability import EDGE, sigmoid
from cs2.forecasting.ratings.snapshot import RatingSnapshot


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


def forecast(model: MapModel, snapshot: RatingSnapshot, fixtures: MatchQuestions) -> Forecasts:
    """Forecast maps.

    Args:
        model: Trained on the features that ``snapshot`` serves.
        snapshot: Ratings of a day before that of the fixtures.
        fixtures: Maps to forecast, n of them.
    """
    sides = read_matchup(snapshot.state, fixtures)
    X = design_matrix(sides)
    log_odds = model.log_odds(X)
    reach = Z_95 * log_odds_error(model, sides)
    return Forecasts(
        probability=np.clip(sigmoid(log_odds), EDGE, 1 - EDGE),
        low=np.clip(sigmoid(log_odds - reach), EDGE, 1 - EDGE),
        high=np.clip(sigmoid(log_odds + reach), EDGE, 1 - EDGE),
        X=X,
        lineups=sides.lineup,
        warnings=warnings_by_map(snapshot, fixtures, sides),
    )
