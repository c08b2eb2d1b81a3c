"""Walk-forward backtest: estimators refitted on the first of each month on the past only, ratings moving daily."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cs2.forecasting.evaluation.baselines import elo_log_odds, series_by_maps, usual_best_of
from cs2.forecasting.evaluation.walk_forward import Progress, iterate_days, questions_about, walk_forward
from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray, MatchHistory, MatchQuestions
from cs2.forecasting.model.estimators import DEFAULT_PARAMETERS, EstimatorParameters, fit_logistic
from cs2.forecasting.model.features import FEATURE_NAMES, design_matrix, read_matchup
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.training_set import TrainingSet
from cs2.forecasting.probability import bounded_probability
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.series.series import series_probability

Fit = Callable[[TrainingSet], MapModel]
"""Fits a model on decided maps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Forecasts of questions, each from the ratings before its day.

    Attributes:
        probability: Probability that team 1 wins, shape (n,).
        team_elo: Probability by the tuned team Elo, shape (n,).
        player_elo: Probability by the tuned player Elo, by the team Elo if a lineup is unknown, shape (n,).
        trained_through: Last day number that the estimator behind each forecast was trained on, shape (n,).
    """

    probability: FloatArray
    team_elo: FloatArray
    player_elo: FloatArray
    trained_through: IntArray


def month_starts(days: IntArray) -> IntArray:
    """First day of the calendar month of each day, shape (n,)."""
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    starts: IntArray = months.astype("datetime64[D]").astype(np.int64)
    return starts


def backtest(
    history: MatchHistory,
    questions: MatchQuestions,
    best_of: IntArray,
    *,
    fit: Fit | None = None,
    p: RatingParameters = DEFAULT,
    parameters: EstimatorParameters = DEFAULT_PARAMETERS,
    progress: Progress = iter,
) -> Backtest:
    """Forecast every question from its past.

    Args:
        history: Matches, in any order.
        questions: Questions; ``map_id`` UNKNOWN asks for the series. ``day`` is the day of the forecast.
        best_of: 1, 3 or 5 for each series, 0 if unknown; ignored for maps, shape (n,).
        fit: Fits the model of a month; the served logistic regression by default.
        p: Parameters of the ratings.
        parameters: Parameters of the estimator.
        progress: Iterates over the days: once for maps, including those for training, and once for series.
    """
    starts = month_starts(questions.day)
    training_rows = np.flatnonzero(
        history.is_map & history.is_rated & (history.forecast_day >= int(starts.min()) - parameters.history_days)
    )
    is_map = questions.map_id != UNKNOWN
    map_questions = concatenate(questions_about(history).take(training_rows), questions.take(np.flatnonzero(is_map)))
    columns = walk_forward(
        history, map_questions, _features_and_elos(p), n_columns=len(FEATURE_NAMES) + 2, p=p, progress=progress
    )
    X = columns[:, : len(FEATURE_NAMES)]

    models = {
        int(start): (fit or _fit_with(parameters))(_decided_before(history, training_rows, X, int(start), parameters))
        for start in np.unique(starts)
    }
    probabilities = np.empty((len(questions), 3))
    map_log_odds = np.column_stack([np.empty(int(is_map.sum())), columns[len(training_rows) :, len(FEATURE_NAMES) :]])
    for start, model in models.items():
        rows = starts[is_map] == start
        map_log_odds[rows, 0] = model.log_odds(X[len(training_rows) :][rows])
    probabilities[is_map] = bounded_probability(map_log_odds)
    if not is_map.all():
        series = np.flatnonzero(~is_map)
        n_maps = usual_best_of(best_of[series])
        probabilities[series] = _forecast_series(history, questions.take(series), n_maps, models, p, progress)
    ours, team_elo, player_elo = probabilities.T
    return Backtest(probability=ours, team_elo=team_elo, player_elo=player_elo, trained_through=starts - 1)


def _fit_with(parameters: EstimatorParameters) -> Fit:
    return lambda data: MapModel.from_estimator(fit_logistic(data, parameters=parameters))


def fit_without(name: str, parameters: EstimatorParameters = DEFAULT_PARAMETERS) -> Fit:
    """Return a fit of the served model without one feature."""
    mask = np.array([feature != name for feature in FEATURE_NAMES], dtype=float)
    return lambda data: _fit_with(parameters)(replace(data, X=data.X * mask))


def _forecast_series(
    history: MatchHistory,
    questions: MatchQuestions,
    best_of: IntArray,
    models: dict[int, MapModel],
    p: RatingParameters,
    progress: Progress,
) -> FloatArray:
    """Probabilities of series by the model of their month, by team Elo and by player Elo, shape (n, 3)."""
    starts = month_starts(questions.day)
    probabilities = np.empty((len(questions), 3))
    for state, index in iterate_days(history, questions.day, p, progress):
        of_day, n_maps = questions.take(index), best_of[index]
        elos = elo_log_odds(state, of_day, p)
        probabilities[index, 0] = series_probability(models[int(starts[index[0]])], state, of_day, n_maps, p)
        for column in (0, 1):
            probabilities[index, 1 + column] = series_by_maps(elos[:, column], n_maps)
    return probabilities


def _features_and_elos(p: RatingParameters) -> Callable[[RatingState, MatchQuestions], FloatArray]:
    def predict(state: RatingState, questions: MatchQuestions) -> FloatArray:
        return np.column_stack([design_matrix(read_matchup(state, questions, p)), elo_log_odds(state, questions, p)])

    return predict


def concatenate(first: MatchQuestions, second: MatchQuestions) -> MatchQuestions:
    """Append the second questions to the first."""
    return MatchQuestions(
        map_id=np.concatenate([first.map_id, second.map_id]),
        team_ids=np.concatenate([first.team_ids, second.team_ids]),
        player_ids=np.concatenate([first.player_ids, second.player_ids]),
        day=np.concatenate([first.day, second.day]),
    )


def _decided_before(
    history: MatchHistory, training_rows: IntArray, X: FloatArray, start: int, parameters: EstimatorParameters
) -> TrainingSet:
    """Select the maps that were decided before ``start`` and are not older than ``history_days``."""
    day = history.forecast_day[training_rows]
    chosen = (history.learn_day[training_rows] < start) & (day >= start - parameters.history_days)
    rows = training_rows[chosen]
    return TrainingSet(X=X[: len(training_rows)][chosen], team1_won=history.team1_won[rows], day=day[chosen], row=rows)
