"""Forecasts of maps: probability, interval and warnings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cs2.forecasting.matches import FloatArray, MatchQuestions
from cs2.forecasting.model.features import design_matrix, read_matchup
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.uncertainty import Z_95, log_odds_error
from cs2.forecasting.model.warnings import warnings_by_map
from cs2.forecasting.probability import bounded_probability
from cs2.forecasting.ratings.snapshot import RatingSnapshot


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts of n maps.

    Attributes:
        probability: Probability that team 1 wins, shape (n,).
        low: Lower bound of the 95% interval, shape (n,).
        high: Upper bound, shape (n,).
        X: Features, shape (n, n_features).
        lineups: Lineups behind the forecast; UNKNOWN where none is known, shape (n, 2, 5).
        warnings: Warnings of each map, for users.
    """

    probability: FloatArray
    low: FloatArray
    high: FloatArray
    X: FloatArray
    lineups: Any
    warnings: Sequence[Sequence[str]]


def forecast(model: MapModel, snapshot: RatingSnapshot, questions: MatchQuestions) -> Forecasts:
    """Forecast maps.

    Args:
        model: Map model for the features of ``snapshot``.
        snapshot: Ratings at the end of a day before those of the questions.
        questions: Maps to forecast, n of them.
    """
    sides = read_matchup(snapshot.state, questions)
    X = design_matrix(sides)
    log_odds = model.log_odds(X)
    reach = Z_95 * log_odds_error(model, sides)
    return Forecasts(
        probability=bounded_probability(log_odds),
        low=bounded_probability(log_odds - reach),
        high=bounded_probability(log_odds + reach),
        X=X,
        lineups=sides.lineup,
        warnings=warnings_by_map(snapshot, questions, sides),
    )
