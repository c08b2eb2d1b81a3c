"""Walk-forward backtest: estimators refitted on the first of each month on the past only, ratings moving daily."""

from dataclasses import dataclass

import numpy as np

from cs2.forecasting.estimators import DEFAULT_PARAMETERS, EstimatorParameters, fit_logistic
from cs2.forecasting.features import FEATURE_NAMES, from_sides, read_sides
from cs2.forecasting.history import UNKNOWN, BoolArray, Fixtures, FloatArray, IntArray, MatchHistory
from cs2.forecasting.model import EDGE, MapModel, sigmoid
from cs2.forecasting.parameters import DEFAULT, RatingParameters
from cs2.forecasting.state import RatingState
from cs2.forecasting.training import TrainingSet, fixtures_of, take, walk

N_BASELINES = 2


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
    examples: MatchHistory,
    questions: Fixtures,
    *,
    p: RatingParameters = DEFAULT,
    parameters: EstimatorParameters = DEFAULT_PARAMETERS,
) -> Backtest:
    """Forecast every question. A question about a map is learned from maps, one about a series from series.

    Args:
        history: Everything played, in any order: the ratings learn from it.
        examples: Maps and series with their outcomes, in any order: the estimators learn from it.
        questions: What to forecast; a series where ``map_id`` is UNKNOWN. ``day`` is the day of the forecast.
        p: Parameters of the ratings.
        parameters: Parameters of the estimator.
    """
    first = int(month_starts(questions.day).min()) - parameters.history_days
    known = np.flatnonzero(examples.is_rated & (examples.forecast_day >= first))
    asked = _together(take(fixtures_of(examples), known), questions)
    read = walk(history, asked, _read(p), n_columns=len(FEATURE_NAMES) + N_BASELINES, p=p)
    X, baselines = read[:, : len(FEATURE_NAMES)], read[:, len(FEATURE_NAMES) :]
    n_known = len(known)
    log_odds = np.empty(len(questions))
    starts = month_starts(questions.day)
    for is_series in (False, True):
        of_kind = (questions.map_id == UNKNOWN) == is_series
        past = examples.is_map[known] != is_series
        for start in np.unique(starts[of_kind]):
            data = _decided_before(examples, known, X[:n_known], past, start, parameters)
            model = MapModel.from_estimator(fit_logistic(data, today=int(start), parameters=parameters))
            rows = np.flatnonzero(of_kind & (starts == start))
            log_odds[rows] = model.log_odds(X[n_known + rows])
    elos = sigmoid(baselines[n_known:])
    return Backtest(
        probability=np.clip(sigmoid(log_odds), EDGE, 1 - EDGE),
        team_elo=elos[:, 0],
        player_elo=elos[:, 1],
        trained_through=starts - 1,
    )


def _read(p: RatingParameters):  # type: ignore[no-untyped-def]
    def ask(state: RatingState, fixtures: Fixtures) -> FloatArray:
        sides = read_sides(state, fixtures, p)
        elo = sides.elo[:, 0] - sides.elo[:, 1]
        known = sides.lineup_known.all(axis=1)
        player_elo = np.where(known, sides.player_elo[:, 0] - sides.player_elo[:, 1], elo)
        return np.column_stack([from_sides(sides), elo, player_elo])

    return ask


def _together(first: Fixtures, second: Fixtures) -> Fixtures:
    return Fixtures(
        map_id=np.concatenate([first.map_id, second.map_id]),
        team_ids=np.concatenate([first.team_ids, second.team_ids]),
        player_ids=np.concatenate([first.player_ids, second.player_ids]),
        day=np.concatenate([first.day, second.day]),
    )


def _decided_before(
    examples: MatchHistory,
    known: IntArray,
    X: FloatArray,
    of_kind: BoolArray,
    start: int,
    parameters: EstimatorParameters,
) -> TrainingSet:
    """Rows decided before ``start`` and not older than the parameters want."""
    day = examples.forecast_day[known]
    chosen = of_kind & (examples.learn_day[known] < start) & (day >= start - parameters.history_days)
    rows = known[chosen]
    return TrainingSet(X=X[chosen], team1_won=examples.team1_won[rows], day=day[chosen], row=rows)
