"""Answers, computed from the bundle in memory. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from cs2.contracts import (
    ForecastAnswer,
    MapOfSeries,
    ModelUsed,
    Named,
    ScoreLine,
    SeriesAnswer,
    TeamUsed,
)
from cs2.forecasting.features import FEATURE_NAMES
from cs2.forecasting.history import UNKNOWN, FloatArray, IntArray
from cs2.forecasting.model import forecast
from cs2.forecasting.series import SeriesForecast, forecast_series
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
        answer = ForecastAnswer(
            forecast_id=forecast_id,
            team1_win_probability=probability,
            team2_win_probability=1.0 - probability,
            interval=(float(found.low[row]), float(found.high[row])),
            warnings=[*found.warnings[row], *_shared(names, question)],
            model=used,
            map=_named(question.maps[0]),
            team1=_team_used(names, question, 0),
            team2=_team_used(names, question, 1),
            played_on=question.played_on,
        )
        answers.append(Answered(answer, _by_feature(contributions[row])))
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
    answer = SeriesAnswer(
        forecast_id=forecast_id,
        best_of=best_of,
        team1_win_probability=found.probability,
        team2_win_probability=1.0 - found.probability,
        interval=(found.low, found.high),
        scores=[
            ScoreLine(team1_maps=one, team2_maps=two, probability=probability)
            for (one, two), probability in found.scores.items()
        ],
        maps=_maps_of(names, found, are_named=maps is not None),
        warnings=[*found.warnings, *_shared(names, question)],
        model=_model_used(model, ratings),
        team1=_team_used(names, question, 0),
        team2=_team_used(names, question, 1),
        played_on=question.played_on,
    )
    return Answered(answer, _by_feature(found.contributions))


def _maps_of(names: Dictionaries, found: SeriesForecast, *, are_named: bool) -> list[MapOfSeries]:
    order: IntArray = np.arange(len(found.maps)) if are_named else np.argsort(-found.chance, kind="stable")
    return [
        MapOfSeries(
            map=None if found.maps[row] == UNKNOWN else _by_id(names, int(found.maps[row])),
            team1_win_probability=float(found.map_probability[row]),
            chance_to_be_played=min(1.0, float(found.chance[row])),
        )
        for row in order
    ]


def _by_id(names: Dictionaries, map_id: int) -> Named:
    entry = names.maps.get(map_id)
    return Named(id=map_id, name=entry.name if entry else str(map_id))


def _by_feature(contributions: FloatArray) -> dict[str, float]:
    return dict(zip(FEATURE_NAMES, contributions.tolist(), strict=True))


def _model_used(model: LoadedModel, ratings: LoadedRatings) -> ModelUsed:
    return ModelUsed(
        version=model.record.version,
        trained_through=model.record.trained_through,
        ratings_as_of=ratings.record.as_of,
    )


def _shared(names: Dictionaries, question: Question) -> list[str]:
    """A latest five that is out of date may hold a player of the other side."""
    both = sorted(set(question.lineups[0] or ()) & set(question.lineups[1] or ()))
    return [f"{_player(names, player).name} is in both lineups: name the players who play" for player in both]


def _team_used(names: Dictionaries, question: Question, side: int) -> TeamUsed:
    team, lineup = question.teams[side], question.lineups[side]
    return TeamUsed(id=team.id, name=team.name, players=[_player(names, player) for player in lineup or ()])


def _player(names: Dictionaries, player_id: int) -> Named:
    entry = names.players.get(player_id)
    return Named(id=player_id, name=entry.name if entry else str(player_id))


def _named(entry: Entry) -> Named:
    return Named(id=entry.id, name=entry.name)
