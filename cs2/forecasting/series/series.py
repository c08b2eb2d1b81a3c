"""A series from forecasts of its maps: those that were named, or those that likely vetoes leave."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray, MatchQuestions
from cs2.forecasting.model.features import design_matrix, read_matchup
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.uncertainty import Z_95, log_odds_error
from cs2.forecasting.model.warnings import warnings_of_all
from cs2.forecasting.probability import EDGE, sigmoid
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.series.score_lines import ScoreLines, score_lines
from cs2.forecasting.series.vetoes import likely_orders, map_shares

SERIES_ERROR = 1.0
"""Standard error, in log-odds, that the maps of a forecast series have in common; by log loss on 2024-07 .. 2025-06.

More than what the maps of one day share (``model.SHARED_ERROR``): many series are of teams whose maps are not known.
"""


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """Forecast of one series.

    Attributes:
        probability: That team 1 wins it.
        scores: Probability of each score line (maps of team 1, maps of team 2); they sum to one.
        low: Lower bound of the 95% interval of team 1's probability.
        high: Upper bound.
        maps: Maps in the order of play, or those that vetoes may leave; UNKNOWN where none is known, shape (n_maps,).
        map_probability: That team 1 wins each, as the series counts it, shape (n_maps,).
        chance: That each is among the maps of the series, should all be needed, shape (n_maps,).
        contributions: What each feature adds to the mean log-odds of the maps, shape (n_features,).
        warnings: In words.
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
    model: MapModel, state: RatingState, fixtures: MatchQuestions, best_of: IntArray, p: RatingParameters = DEFAULT
) -> FloatArray:
    """Probability that team 1 wins each of n series, averaged over likely vetoes, shape (n,).

    Args:
        model: Forecasts one map.
        state: Ratings of a day before that of the fixtures.
        fixtures: Pairs of teams; their ``map_id`` is not looked at.
        best_of: 1, 3 or 5, shape (n,).
        p: Parameters of the ratings.
    """
    likely = [_likely(state, fixtures, row, int(best_of[row]), p) for row in range(len(fixtures))]
    played = _maps_played(model, state, fixtures, likely, p)
    return np.array([_ends(maps, odds).probability for maps, odds in zip(likely, played.log_odds, strict=True)])


def forecast_series(
    model: MapModel, snapshot: RatingSnapshot, fixture: MatchQuestions, best_of: int, maps: IntArray | None = None
) -> SeriesForecast:
    """Forecast one series, with everything that an answer says beside its number.

    Args:
        model: Forecasts one map.
        snapshot: Ratings of a day before that of the series.
        fixture: One row; its ``map_id`` is not looked at.
        best_of: 1, 3 or 5.
        maps: In the order of play, ``best_of`` of them; None averages over likely vetoes.

    Raises:
        ValueError: If the series has not 1, 3 or 5 maps, or ``maps`` another number.
    """
    if maps is None:
        likely = _likely(snapshot.state, fixture, 0, best_of, DEFAULT)
    elif len(maps) == best_of:
        likely = _Maps(maps, np.arange(best_of)[None, :], np.ones(1), np.full(best_of, 1.0 / best_of), is_named=True)
    else:
        raise ValueError(f"a best-of-{best_of} has {best_of} maps, not {len(maps)}")
    played = _maps_played(model, snapshot.state, fixture, [likely], DEFAULT)
    log_odds, reach = played.log_odds[0], Z_95 * played.errors[0]
    low, high = (_ends(likely, odds, shared_error=0.0).probability for odds in (log_odds - reach, log_odds + reach))
    lines = _ends(likely, log_odds)
    of_maps = fixture.take(np.zeros(len(likely.ids), np.int64))
    return SeriesForecast(
        probability=float(np.clip(lines.probability, EDGE, 1 - EDGE)),
        scores=lines.scores,
        low=float(np.clip(low, EDGE, 1 - EDGE)),
        high=float(np.clip(high, EDGE, 1 - EDGE)),
        maps=likely.ids,
        map_probability=np.clip(sigmoid(log_odds), EDGE, 1 - EDGE),
        chance=np.array([likely.weights[(likely.orders == n).any(axis=1)].sum() for n in range(len(likely.ids))]),
        contributions=played.contributions[0],
        warnings=warnings_of_all(snapshot, replace(of_maps, map_id=likely.ids) if likely.is_named else fixture),
    )


@dataclass(frozen=True, slots=True)
class _Maps:
    """Maps on which a series may be played: ids, orders, the chance of each order, shares that sum to one."""

    ids: IntArray
    orders: IntArray
    weights: FloatArray
    shares: FloatArray
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class _Played:
    """Of each series: log-odds and standard error of its maps, and what the features add to their mean."""

    log_odds: list[FloatArray]
    errors: list[FloatArray]
    contributions: list[FloatArray]


def _likely(state: RatingState, fixtures: MatchQuestions, row: int, best_of: int, p: RatingParameters) -> _Maps:
    """Maps that vetoes may leave; unknown ones where too few are in the pool."""
    maps, shares = map_shares(state, fixtures.team_ids[row], int(fixtures.day[row]), p)
    if len(maps) < best_of:
        maps, shares = np.full(best_of, UNKNOWN), np.full(best_of, 1.0 / best_of)
    orders, weights = likely_orders(shares, best_of)
    return _Maps(maps, orders, weights, shares)


def _maps_played(
    model: MapModel, state: RatingState, fixtures: MatchQuestions, maps: Sequence[_Maps], p: RatingParameters
) -> _Played:
    """Forecasts of the maps of series.

    Where the maps are not known each keeps its distance from the others, and their mean is the forecast without a map:
    the model learned maps that were picked, and would count the pick itself once more (0.0012 of log loss on
    2024-07 .. 2025-06).
    """
    on_any = replace(fixtures, map_id=np.full(len(fixtures), UNKNOWN))
    X = design_matrix(read_matchup(state, on_any, p))
    neutral = model.log_odds(X)
    counts = [len(found.ids) for found in maps]
    repeated = fixtures.take(np.repeat(np.arange(len(fixtures)), counts))
    sides = read_matchup(state, replace(repeated, map_id=np.concatenate([found.ids for found in maps])), p)
    X_maps = design_matrix(sides)
    bounds = np.cumsum(counts)[:-1]
    log_odds = np.split(model.log_odds(X_maps), bounds)
    of_maps = np.split(model.contributions(X_maps), bounds)
    of_any = model.contributions(X)
    return _Played(
        log_odds=[
            odds if found.is_named else odds - (odds * found.shares).sum() + neutral[row]
            for row, (odds, found) in enumerate(zip(log_odds, maps, strict=True))
        ],
        errors=np.split(log_odds_error(model, sides), bounds),
        contributions=[of_maps[row].mean(axis=0) if found.is_named else of_any[row] for row, found in enumerate(maps)],
    )


def _ends(maps: _Maps, log_odds: FloatArray, shared_error: float = SERIES_ERROR) -> ScoreLines:
    return score_lines(log_odds, maps.orders, maps.weights, shared_error=shared_error)
