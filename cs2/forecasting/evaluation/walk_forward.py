"""Walk through a history day by day: forecast a whole day first, learn it afterwards."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from cs2.forecasting.matches import FloatArray, IntArray, MatchHistory, MatchQuestions
from cs2.forecasting.model.features import FEATURE_NAMES, features
from cs2.forecasting.model.training_set import TrainingSet
from cs2.forecasting.ratings.engine import first_pass_length, in_learning_order, start_second_pass
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.state import RatingState

Progress = Callable[[IntArray], Iterable[int]]
"""Goes through the days that it is given, and shows how far it is."""


def questions_about(history: MatchHistory) -> MatchQuestions:
    """The rows as questions, on the day on which they are forecast."""
    return MatchQuestions(
        map_id=history.map_id, team_ids=history.team_ids, player_ids=history.player_ids, day=history.forecast_day
    )


def walk_forward(
    history: MatchHistory,
    fixtures: MatchQuestions,
    ask: Callable[[RatingState, MatchQuestions], FloatArray],
    *,
    n_columns: int,
    p: RatingParameters = DEFAULT,
    progress: Progress = iter,
) -> FloatArray:
    """Ask ``ask`` about each fixture with what was learned before its day.

    Args:
        history: What was played, in any order.
        fixtures: Questions, in any order; their ``day`` is that on which they are asked.
        ask: From the state and some fixtures to one row of ``n_columns`` numbers each.
        n_columns: Width of the answers.
        p: Parameters of the ratings.
        progress: Goes through the days.

    Returns:
        The answers in the order of the fixtures, shape (len(fixtures), n_columns).
    """
    answers = np.empty((len(fixtures), n_columns))
    for state, index in iterate_days(history, fixtures.day, p, progress):
        answers[index] = ask(state, fixtures.take(index))
    return answers


def iterate_days(
    history: MatchHistory, days: IntArray, p: RatingParameters = DEFAULT, progress: Progress = iter
) -> Iterator[tuple[RatingState, IntArray]]:
    """Go through the days of some questions in order.

    Args:
        history: What was played, in any order.
        days: Day on which each question is asked, shape (n,).
        p: Parameters of the ratings.
        progress: Goes through the days.

    Yields:
        What was learned before a day (it changes when the next is asked for), and the positions of its questions.
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
    """Features of the rated maps from day ``since`` through day ``through``, each as known before its day.

    A history without any map (Valve's standings) is trained on its series: its forecasts are the same on every map.
    """
    examples = history.is_map if history.is_map.any() else ~history.is_map
    wanted = examples & history.is_rated
    if since is not None:
        wanted &= history.forecast_day >= since
    if through is not None:
        wanted &= history.learn_day <= through
    row = np.flatnonzero(wanted)
    asked = questions_about(history).take(row)
    X = walk_forward(history, asked, partial(features, p=p), n_columns=len(FEATURE_NAMES), p=p)
    return TrainingSet(X=X, team1_won=history.team1_won[row], day=asked.day, row=row)
