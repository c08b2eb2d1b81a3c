"""Train three models on one history: score each on the last weeks without them, then fit it on everything."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.gate import MIN_MAPS
from cs2.forecasting.evaluation.walk_forward import build_training_set, questions_about, walk_forward
from cs2.forecasting.matches import UNKNOWN, FloatArray, MatchHistory, MatchQuestions
from cs2.forecasting.model.estimators import DEFAULT_PARAMETERS, fit_boosting, fit_elo, fit_logistic
from cs2.forecasting.model.features import FEATURE_NAMES, features
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.training_set import TrainingSet
from cs2.storage.model_registry import EstimatorKind

HELD_OUT_DAYS = 56
HELD_OUT_MAPS = 4000
"""The held-out span reaches back until both are met. A quiet month holds a hundred maps; 4,000 maps resolve a
difference of 0.004 in log loss."""

HELD_OUT_SHARE = 5
"""A short history holds out one map in this many."""

LEAST_MAPS = MIN_MAPS * HELD_OUT_SHARE

_FITS: dict[EstimatorKind, Callable[..., Any]] = {
    EstimatorKind.ELO: fit_elo,
    EstimatorKind.LOGISTIC: fit_logistic,
    EstimatorKind.BOOSTING: fit_boosting,
}


class TooFewMapsError(ValueError):
    """The history has too few maps to train on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedModel:
    """One kind of model, fitted twice: without the held-out maps to score it, on all maps to publish it.

    Attributes:
        kind: Kind of estimator.
        estimator: FittedModel on all maps; the one to publish.
        held_out: Forecasts of the held-out maps by a fit on the maps before them, shape (n,).
        metrics: Scores of these forecasts.
    """

    kind: EstimatorKind
    estimator: Any
    held_out: FloatArray
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What one training gives.

    Attributes:
        models: By kind: Elo alone, the logistic regression that may be served, and boosting.
        data: The maps on which the published models were fitted.
        held_out: The held-out maps.
        swapped: Forecasts of the logistic regression for the held-out maps with exchanged sides, shape (n_held_out,).
        X_matches: Features of the matches of the held-out maps without their maps, shape (n_matches, n_features).
        beside_champion: Forecasts of a logistic regression fitted on what the champion knew; NaN for maps that the
            champion may have seen, shape (n_held_out,).
    """

    models: dict[EstimatorKind, FittedModel]
    data: TrainingSet
    held_out: TrainingSet
    swapped: FloatArray
    X_matches: FloatArray
    beside_champion: FloatArray


def train(history: MatchHistory, *, today: int, champion_through: int | None = None) -> Training:
    """Train on what was decided through day ``today``.

    Args:
        history: What was played.
        today: Later results are not looked at.
        champion_through: Last day that the champion was fitted on, so that both are compared on equal knowledge.

    Raises:
        TooFewMapsError: If fewer rated maps are known than the gate could judge.
    """
    oldest = today - DEFAULT_PARAMETERS.history_days
    data = build_training_set(history, since=oldest, through=today)
    if len(data) < LEAST_MAPS:
        raise TooFewMapsError(f"{len(data)} rated maps are known, training needs {LEAST_MAPS}")
    first = first_held_out_day(data)
    held_out = data.take(data.day >= first)
    past = data.take(history.learn_day[data.row] < first)
    fits = {kind: fit(past) for kind, fit in _FITS.items()}
    models = {kind: _fitted(kind, fits[kind], fit(data), held_out) for kind, fit in _FITS.items()}
    questions = questions_about(history).take(held_out.row)
    X_swapped = walk_forward(history, questions.swapped(), features, n_columns=len(FEATURE_NAMES))
    beside = models[EstimatorKind.LOGISTIC].held_out
    if champion_through is not None and champion_through >= first:
        beside = _of_equal_knowledge(history, data, held_out, through=champion_through)
    return Training(
        models=models,
        data=data,
        held_out=held_out,
        swapped=_forecast(EstimatorKind.LOGISTIC, fits[EstimatorKind.LOGISTIC], X_swapped),
        X_matches=walk_forward(history, _matches(questions), features, n_columns=len(FEATURE_NAMES)),
        beside_champion=beside,
    )


def first_held_out_day(data: TrainingSet) -> int:
    """First day of the held-out span."""
    days = np.sort(data.day)
    n = min(HELD_OUT_MAPS, len(days) // HELD_OUT_SHARE)
    return int(min(days[-1] - HELD_OUT_DAYS + 1, days[-n]))


def training_parameters() -> dict[str, Any]:
    """Return the constants of the training, to log with the run."""
    return {**asdict(DEFAULT_PARAMETERS), "held_out_days": HELD_OUT_DAYS, "held_out_maps": HELD_OUT_MAPS}


def _matches(maps: MatchQuestions) -> MatchQuestions:
    """Return each pair of teams of a day once, without a map, as a series is forecast."""
    keys = np.column_stack([maps.day, np.sort(maps.team_ids, axis=1)])
    once = maps.take(np.unique(keys, axis=0, return_index=True)[1])
    return replace(once, map_id=np.full(len(once), UNKNOWN))


def _fitted(kind: EstimatorKind, before: Any, published: Any, held_out: TrainingSet) -> FittedModel:
    forecast = _forecast(kind, before, held_out.X)
    won = held_out.team1_won
    fit = metrics.recalibration(forecast, won)
    return FittedModel(
        kind=kind,
        estimator=published,
        held_out=forecast,
        metrics={
            "log_loss": metrics.log_loss(forecast, won),
            "brier_score": metrics.brier_score(forecast, won),
            "accuracy": metrics.accuracy(forecast, won),
            "auc": metrics.auc(forecast, won),
            "calibration_slope": fit.slope,
            "calibration_intercept": fit.intercept,
        },
    )


def _forecast(kind: EstimatorKind, estimator: Any, X: FloatArray) -> FloatArray:
    if kind is EstimatorKind.LOGISTIC:  # as it is served
        return MapModel.from_estimator(estimator).probability(X)
    won: FloatArray = estimator.predict_proba(X)[:, 1]
    return won


def _of_equal_knowledge(history: MatchHistory, data: TrainingSet, held_out: TrainingSet, *, through: int) -> FloatArray:
    """Forecasts for the held-out maps after day ``through`` by a fit on the maps up to it, NaN for the others."""
    result = np.full(len(held_out), np.nan)
    unseen = held_out.day > through
    if unseen.any():
        equal = fit_logistic(data.take(history.learn_day[data.row] <= through))
        result[unseen] = _forecast(EstimatorKind.LOGISTIC, equal, held_out.X[unseen])
    return result
