"""Answers, computed from the bundle in memory. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from cs2.answers import contributions_by_feature, players_on_both_sides, series_answer
from cs2.contracts import ForecastAnswer, ModelUsed, Named, SeriesAnswer, TeamUsed
from cs2.forecasting.model import forecast
from cs2.forecasting.series import forecast_series
from serving.dictionaries.index import Dictionaries, Entry
from serving.errors import UnavailableError
from serving.forecast.bundle import Bundle, LoadedModel, LoadedRatings
from serving.forecast.questions import Question, fixtures

AnswerT = TypeVar("AnswerT", ForecastAnswer, SeriesAnswer)


@dataclass(frozen=True, slots=True)
class Answered(Generic[AnswerT]):
    """An answer, and what each feature added to it in log-odds."""

    answer: AnswerT
    contributions: dict[str, float]


def require_model(bundle: Bundle) -> tuple[LoadedModel, LoadedRatings]:
    """Model and ratings of the bundle.

    Raises:
        UnavailableError: If there are none yet.
    """
    if bundle.model is None or bundle.ratings is None:
        missing = "model" if bundle.model is None else "ratings"
        raise UnavailableError("no-model", f"no {missing} {'is' if missing == 'model' else 'are'} served yet")
    return bundle.model, bundle.ratings


def answer_maps(
    bundle: Bundle, questions: Sequence[Question], forecast_ids: Sequence[str]
) -> list[Answered[ForecastAnswer]]:
    """Forecast maps, one or many: each gets the same number as alone.

    Args:
        bundle: Model, ratings and dictionaries of one moment.
        questions: At least one, each with one map.
        forecast_ids: Ids of the answers, uuid7.

    Raises:
        UnavailableError: If no model is served yet.
    """
    model, ratings = require_model(bundle)
    found = forecast(model.predictor, ratings.snapshot, fixtures(questions))
    contributions = model.predictor.contributions(found.X)
    used, names = _model_used(model, ratings), bundle.dictionaries
    answers = []
    for row, (question, forecast_id) in enumerate(zip(questions, forecast_ids, strict=True)):
        probability = float(found.probability[row])
        one, two = (_team_used(names, question, side) for side in (0, 1))
        answer = ForecastAnswer(
            forecast_id=forecast_id,
            team1_win_probability=probability,
            team2_win_probability=1.0 - probability,
            interval=(float(found.low[row]), float(found.high[row])),
            warnings=[*found.warnings[row], *players_on_both_sides(one, two)],
            model=used,
            map=_named(question.maps[0]),
            team1=one,
            team2=two,
            played_on=question.played_on,
        )
        answers.append(Answered(answer, contributions_by_feature(contributions[row])))
    return answers


def answer_series(bundle: Bundle, question: Question, best_of: int, forecast_id: str) -> Answered[SeriesAnswer]:
    """Forecast a series: on its maps where they are known, else averaged over likely vetoes.

    Raises:
        UnavailableError: If no model is served yet.
    """
    model, ratings = require_model(bundle)
    names = bundle.dictionaries
    maps = np.array([played.id for played in question.maps]) if question.maps else None
    found = forecast_series(model.predictor, ratings.snapshot, fixtures([question]), best_of, maps)
    one, two = (_team_used(names, question, side) for side in (0, 1))
    answer = series_answer(
        found,
        forecast_id=forecast_id,
        best_of=best_of,
        is_on_named_maps=maps is not None,
        map_name=lambda number: _map_name(names, number),
        warnings=[*found.warnings, *players_on_both_sides(one, two)],
        model=_model_used(model, ratings),
        teams=(one, two),
        played_on=question.played_on,
    )
    return Answered(answer, contributions_by_feature(found.contributions))


def _map_name(names: Dictionaries, map_id: int) -> str:
    entry = names.maps.get(map_id)
    return entry.name if entry else str(map_id)


def _model_used(model: LoadedModel, ratings: LoadedRatings) -> ModelUsed:
    return ModelUsed(
        version=model.record.version,
        trained_through=model.record.trained_through,
        ratings_as_of=ratings.record.as_of,
    )


def _team_used(names: Dictionaries, question: Question, side: int) -> TeamUsed:
    team, lineup = question.teams[side], question.lineups[side]
    return TeamUsed(id=team.id, name=team.name, players=[_player(names, player) for player in lineup or ()])


def _player(names: Dictionaries, player_id: int) -> Named:
    entry = names.players.get(player_id)
    return Named(id=player_id, name=entry.name if entry else str(player_id))


def _named(entry: Entry) -> Named:
    return Named(id=entry.id, name=entry.name)
