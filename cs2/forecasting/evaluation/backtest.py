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
from cs2.forecasting.probability import EDGE, sigmoid
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.series.series import series_probability

Fit = Callable[[TrainingSet], MapModel]
"""From maps that were decided to a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Forecasts of questions, each by what was known before its day.

    Attributes:
        probability: That team 1 wins, shape (n,).
        team_elo: The tuned team Elo's forecast, shape (n,).
        player_elo: The tuned player Elo's; the team Elo's where a lineup is unknown, shape (n,).
        trained_through: Last day (number) that the estimator behind each forecast may have seen, shape (n,).
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
    """Forecast every question.

    Args:
        history: Everything played, in any order.
        questions: What to forecast; a series where ``map_id`` is UNKNOWN. ``day`` is the day of the forecast.
        best_of: Of each question's series; looked at where the question is a series; 0 where unknown, shape (n,).
        fit: How a month's model is fitted; default: the served logistic regression.
        p: Parameters of the ratings.
        parameters: Parameters of the estimator.
        progress: Goes through the days: once for the maps, those to train on included, and once for the series.
    """
    starts = month_starts(questions.day)
    known = np.flatnonzero(
        history.is_map & history.is_rated & (history.forecast_day >= int(starts.min()) - parameters.history_days)
    )
    is_map = questions.map_id != UNKNOWN
    asked = together(questions_about(history).take(known), questions.take(np.flatnonzero(is_map)))
    read = walk_forward(history, asked, _features_and_elos(p), n_columns=len(FEATURE_NAMES) + 2, p=p, progress=progress)
    X = read[:, : len(FEATURE_NAMES)]

    models = {
        int(start): (fit or _fit(parameters))(_decided_before(history, known, X, int(start), parameters))
        for start in np.unique(starts)
    }
    found = np.empty((len(questions), 3))
    on_maps = np.column_stack([np.empty(int(is_map.sum())), read[len(known) :, len(FEATURE_NAMES) :]])
    for start, model in models.items():
        rows = starts[is_map] == start
        on_maps[rows, 0] = model.log_odds(X[len(known) :][rows])
    found[is_map] = np.clip(sigmoid(on_maps), EDGE, 1 - EDGE)
    if not is_map.all():
        series = np.flatnonzero(~is_map)
        maps = usual_best_of(best_of[series])
        found[series] = _series(history, questions.take(series), maps, models, p, progress)
    return Backtest(probability=found[:, 0], team_elo=found[:, 1], player_elo=found[:, 2], trained_through=starts - 1)


def _fit(parameters: EstimatorParameters) -> Fit:
    return lambda data: MapModel.from_estimator(fit_logistic(data, parameters=parameters))


def fit_without(name: str, parameters: EstimatorParameters = DEFAULT_PARAMETERS) -> Fit:
    """Fit the served model without a feature."""
    kept = np.array([feature != name for feature in FEATURE_NAMES], dtype=float)
    return lambda data: _fit(parameters)(replace(data, X=data.X * kept))


def _series(
    history: MatchHistory,
    questions: MatchQuestions,
    best_of: IntArray,
    models: dict[int, MapModel],
    p: RatingParameters,
    progress: Progress,
) -> FloatArray:
    """Forecasts of series by the model of their month, by team Elo and by player Elo, shape (n, 3)."""
    starts = month_starts(questions.day)
    found = np.empty((len(questions), 3))
    for state, index in iterate_days(history, questions.day, p, progress):
        asked, maps = questions.take(index), best_of[index]
        elos = elo_log_odds(state, asked, p)
        found[index, 0] = series_probability(models[int(starts[index[0]])], state, asked, maps, p)
        for column in (0, 1):
            found[index, 1 + column] = series_by_maps(elos[:, column], maps)
    return found


def _features_and_elos(p: RatingParameters) -> Callable[[RatingState, MatchQuestions], FloatArray]:
    def ask(state: RatingState, fixtures: MatchQuestions) -> FloatArray:
        return np.column_stack([design_matrix(read_matchup(state, fixtures, p)), elo_log_odds(state, fixtures, p)])

    return ask


def together(first: MatchQuestions, second: MatchQuestions) -> MatchQuestions:
    """Both, one after the other."""
    return MatchQuestions(
        map_id=np.concatenate([first.map_id, second.map_id]),
        team_ids=np.concatenate([first.team_ids, second.team_ids]),
        player_ids=np.concatenate([first.player_ids, second.player_ids]),
        day=np.concatenate([first.day, second.day]),
    )


def _decided_before(
    history: MatchHistory, known: IntArray, X: FloatArray, start: int, parameters: EstimatorParameters
) -> TrainingSet:
    """Maps decided before ``start`` and not older than the parameters want."""
    day = history.forecast_day[known]
    chosen = (history.learn_day[known] < start) & (day >= start - parameters.history_days)
    rows = known[chosen]
    return TrainingSet(X=X[: len(known)][chosen], team1_won=history.team1_won[rows], day=day[chosen], row=rows)
