"""Walk through a history day by day: forecast a whole day first, then learn its results."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray, MatchHistory, MatchQuestions
from cs2.forecasting.model.features import FEATURE_NAMES, features
from cs2.forecasting.model.training_set import TrainingSet
from cs2.forecasting.ratings.engine import first_pass_length, in_learning_order, start_second_pass
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.state import RatingState

Progress = Callable[[IntArray], Iterable[int]]
"""Iterates over the given days and may show its progress."""


def questions_about(history: MatchHistory) -> MatchQuestions:
    """Return the rows as questions, on the day on which they are forecast.

    A team that never played is asked for as the team that bore its name before: nothing else is known on that day.
    """
    former = history.predecessor_ids
    return MatchQuestions(
        map_id=history.map_id,
        team_ids=np.where(former == UNKNOWN, history.team_ids, former),
        player_ids=history.player_ids,
        day=history.forecast_day,
    )


def walk_forward(
    history: MatchHistory,
    questions: MatchQuestions,
    predict: Callable[[RatingState, MatchQuestions], FloatArray],
    *,
    n_columns: int,
    p: RatingParameters = DEFAULT,
    progress: Progress = iter,
) -> FloatArray:
    """Predict each question with the ratings before its day.

    Args:
        history: Matches, in any order.
        questions: Questions, in any order; ``day`` is the day of the forecast.
        predict: Maps ratings and some questions to one row of ``n_columns`` numbers per question.
        n_columns: Number of columns.
        p: Parameters of the ratings.
        progress: Iterates over the days.

    Returns:
        The predicted rows in the order of the questions, shape (len(questions), n_columns).
    """
    rows = np.empty((len(questions), n_columns))
    for state, index in iterate_days(history, questions.day, p, progress):
        rows[index] = predict(state, questions.take(index))
    return rows


def iterate_days(
    history: MatchHistory, days: IntArray, p: RatingParameters = DEFAULT, progress: Progress = iter
) -> Iterator[tuple[RatingState, IntArray]]:
    """Iterate over the days of questions with the ratings before each day.

    Args:
        history: Matches, in any order.
        days: Day of the forecast of each question, shape (n,).
        p: Parameters of the ratings.
        progress: Iterates over the days.

    Yields:
        The ratings before a day, which the next iteration changes in place, and the positions of the day's questions.
    """
    ordered = in_learning_order(history)
    order = np.argsort(days, kind="stable")
    distinct, starts = np.unique(days[order], return_index=True)
    bounds = [*starts, len(order)]
    learned, first = 0, -1
    for place, day in enumerate(progress(distinct)):
        through = int(np.searchsorted(ordered.learn_day, day, side="left"))
        if first != first_pass_length(ordered, through):
            first, learned = first_pass_length(ordered, through), 0
            engine = start_second_pass(ordered, first, p)
        engine.learn(learned, through)
        learned = through
        yield engine.state, order[bounds[place] : bounds[place + 1]]


def build_training_set(
    history: MatchHistory, *, since: int | None = None, through: int | None = None, p: RatingParameters = DEFAULT
) -> TrainingSet:
    """Compute the features of the rated maps from day ``since`` through day ``through``, each as of its own day.

    A history without any map (Valve's standings) gives its series: forecasts are then the same on every map.
    """
    examples = history.is_map if history.is_map.any() else ~history.is_map
    selected = examples & history.is_rated
    if since is not None:
        selected &= history.forecast_day >= since
    if through is not None:
        selected &= history.learn_day <= through
    row = np.flatnonzero(selected)
    questions = questions_about(history).take(row)
    X = walk_forward(history, questions, partial(features, p=p), n_columns=len(FEATURE_NAMES), p=p)
    return TrainingSet(X=X, team1_won=history.team1_won[row], day=questions.day, row=row)
