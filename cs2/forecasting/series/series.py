"""Forecast a series from forecasts of its maps: the named maps, or those that likely vetoes leave."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray, MatchQuestions
from cs2.forecasting.model.features import design_matrix, read_matchup
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.uncertainty import Z_95, log_odds_error
from cs2.forecasting.model.warnings import warnings_of_all
from cs2.forecasting.probability import bounded_probability, clip_probability
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.series.score_lines import ScoreLines, score_lines
from cs2.forecasting.series.vetoes import likely_orders, map_shares

SERIES_ERROR = 1.0
"""Standard error, in log-odds, that the maps of a forecast series share; tuned by log loss on 2024-07 .. 2025-06.

It exceeds ``model.uncertainty.SHARED_ERROR``: for many series the maps of the teams are not known.
"""


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """Forecast of one series.

    Attributes:
        probability: Probability that team 1 wins the series.
        scores: Probability of each score line (maps of team 1, maps of team 2); they sum to one.
        low: Lower bound of the 95% interval of team 1's probability.
        high: Upper bound.
        maps: Maps in the order of play, or those that vetoes may leave; UNKNOWN where none is known, shape (n_maps,).
        map_probability: Probability that team 1 wins each map, as part of the series, shape (n_maps,).
        chance: Probability that each map is among the ``best_of`` maps of the series, shape (n_maps,).
        contributions: Contribution of each feature to the mean log-odds of the maps, shape (n_features,).
        warnings: Warnings for users.
    """

    probability: float
    scores: dict[tuple[int, int], float]
    low: float
    high: float
    maps: IntArray
    map_probability: FloatArray
    chance: FloatArray
    contributions: FloatArray
    warnings: Sequence[str]


def series_probability(
    model: MapModel, state: RatingState, questions: MatchQuestions, best_of: IntArray, p: RatingParameters = DEFAULT
) -> FloatArray:
    """Probability that team 1 wins each of n series, averaged over likely vetoes, shape (n,).

    Args:
        model: Map model.
        state: Ratings at the end of a day before those of the questions.
        questions: Pairs of teams; ``map_id`` is ignored.
        best_of: 1, 3 or 5, shape (n,).
        p: Parameters of the ratings.
    """
    likely = [_likely_maps(state, questions, row, int(best_of[row]), p) for row in range(len(questions))]
    played = _forecast_maps(model, state, questions, likely, p)
    return np.array([_score_lines(maps, odds).probability for maps, odds in zip(likely, played.log_odds, strict=True)])


def forecast_series(
    model: MapModel, snapshot: RatingSnapshot, question: MatchQuestions, best_of: int, maps: IntArray | None = None
) -> SeriesForecast:
    """Forecast one series with its score lines, interval, maps, contributions and warnings.

    Args:
        model: Map model.
        snapshot: Ratings at the end of a day before that of the series.
        question: One row; ``map_id`` is ignored.
        best_of: 1, 3 or 5.
        maps: ``best_of`` maps in the order of play; None averages over likely vetoes.

    Raises:
        ValueError: If the series has not 1, 3 or 5 maps, or ``maps`` another number.
    """
    if maps is None:
        likely = _likely_maps(snapshot.state, question, 0, best_of, DEFAULT)
    elif len(maps) == best_of:
        likely = _LikelyMaps(
            maps, np.arange(best_of)[None, :], np.ones(1), np.full(best_of, 1.0 / best_of), is_named=True
        )
    else:
        raise ValueError(f"a best-of-{best_of} has {best_of} maps, not {len(maps)}")
    played = _forecast_maps(model, snapshot.state, question, [likely], DEFAULT)
    log_odds, reach = played.log_odds[0], Z_95 * played.errors[0]
    low, high = (
        _score_lines(likely, odds, shared_error=0.0).probability for odds in (log_odds - reach, log_odds + reach)
    )
    lines = _score_lines(likely, log_odds)
    map_questions = question.take(np.zeros(len(likely.ids), np.int64))
    return SeriesForecast(
        probability=float(clip_probability(lines.probability)),
        scores=lines.scores,
        low=float(clip_probability(low)),
        high=float(clip_probability(high)),
        maps=likely.ids,
        map_probability=bounded_probability(log_odds),
        chance=np.array([likely.weights[(likely.orders == n).any(axis=1)].sum() for n in range(len(likely.ids))]),
        contributions=played.contributions[0],
        warnings=warnings_of_all(snapshot, replace(map_questions, map_id=likely.ids) if likely.is_named else question),
    )


@dataclass(frozen=True, slots=True)
class _LikelyMaps:
    """Maps on which a series may be played.

    Attributes:
        ids: Maps, shape (n_maps,).
        orders: Positions in ``ids`` in the order of play, shape (n_orders, best_of).
        weights: Probability of each order, shape (n_orders,).
        shares: Weight of each map in the mean of the series, shape (n_maps,); they sum to one.
        is_named: Whether the question named the maps.
    """

    ids: IntArray
    orders: IntArray
    weights: FloatArray
    shares: FloatArray
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class _MapForecasts:
    """Per series: log-odds and standard errors of its maps, and contributions of the features to their mean."""

    log_odds: list[FloatArray]
    errors: list[FloatArray]
    contributions: list[FloatArray]


def _likely_maps(
    state: RatingState, questions: MatchQuestions, row: int, best_of: int, p: RatingParameters
) -> _LikelyMaps:
    """Return the maps that vetoes may leave; UNKNOWN ones if the pool has too few."""
    maps, shares = map_shares(state, questions.team_ids[row], int(questions.day[row]), p)
    if len(maps) < best_of:
        maps, shares = np.full(best_of, UNKNOWN), np.full(best_of, 1.0 / best_of)
    orders, weights = likely_orders(shares, best_of)
    return _LikelyMaps(maps, orders, weights, shares)


def _forecast_maps(
    model: MapModel, state: RatingState, questions: MatchQuestions, maps: Sequence[_LikelyMaps], p: RatingParameters
) -> _MapForecasts:
    """Forecast the maps of several series.

    If the maps are not named, their log-odds keep their differences, and their mean becomes the forecast without a map:
    the model was trained on maps that had been picked, and would count the pick twice (0.0012 of log loss on
    2024-07 .. 2025-06).
    """
    without_map = replace(questions, map_id=np.full(len(questions), UNKNOWN))
    X = design_matrix(read_matchup(state, without_map, p))
    neutral = model.log_odds(X)
    counts = [len(likely.ids) for likely in maps]
    repeated = questions.take(np.repeat(np.arange(len(questions)), counts))
    sides = read_matchup(state, replace(repeated, map_id=np.concatenate([likely.ids for likely in maps])), p)
    X_maps = design_matrix(sides)
    bounds = np.cumsum(counts)[:-1]
    log_odds = np.split(model.log_odds(X_maps), bounds)
    map_contributions = np.split(model.contributions(X_maps), bounds)
    neutral_contributions = model.contributions(X)
    return _MapForecasts(
        log_odds=[
            odds if likely.is_named else odds - (odds * likely.shares).sum() + neutral[row]
            for row, (odds, likely) in enumerate(zip(log_odds, maps, strict=True))
        ],
        errors=np.split(log_odds_error(model, sides), bounds),
        contributions=[
            map_contributions[row].mean(axis=0) if likely.is_named else neutral_contributions[row]
            for row, likely in enumerate(maps)
        ],
    )


def _score_lines(maps: _LikelyMaps, log_odds: FloatArray, shared_error: float = SERIES_ERROR) -> ScoreLines:
    return score_lines(log_odds, maps.orders, maps.weights, shared_error=shared_error)
