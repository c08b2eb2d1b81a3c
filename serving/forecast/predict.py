"""Answers, computed from the snapshot in memory. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from uuid_utils import uuid7

from cs2.forecasting.model.features import STORED_FEATURE_NAMES
from cs2.forecasting.model.forecast import forecast
from cs2.forecasting.series.series import forecast_series
from cs2.messages import ModelUsed, Ref, TeamUsed
from cs2.rendering import contributions_by_feature, players_on_both_sides, series_answer
from serving.dictionaries.index import Dictionaries
from serving.errors import UnavailableError
from serving.forecast.resolve import ResolvedRequest, fixtures
from serving.forecast.serving_snapshot import ServedModel, ServedRatings, ServingSnapshot


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and what its event tells beside it.

    Attributes:
        forecast_id: Id of the answer, uuid7.
        body: The answer as JSON, as it is sent and stored.
        contributions: What each feature added, in log-odds.
        probability: That team 1 wins.
        map_name: The map; None for a series.
    """

    forecast_id: str
    body: bytes
    contributions: dict[str, float]
    probability: float
    map_name: str | None = None


def require_model(snapshot: ServingSnapshot) -> tuple[ServedModel, ServedRatings]:
    """Model and ratings of the snapshot.

    Raises:
        UnavailableError: If there are none yet.
    """
    if snapshot.model is None or snapshot.ratings is None:
        missing = "model" if snapshot.model is None else "ratings"
        raise UnavailableError("no-model", f"no {missing} {'is' if missing == 'model' else 'are'} served yet")
    return snapshot.model, snapshot.ratings


def answer_maps(snapshot: ServingSnapshot, questions: Sequence[ResolvedRequest]) -> list[Answered]:
    """Forecast maps, one or many: each gets the same number as alone.

    The answers have the fields of ``ForecastAnswer``, but are written from plain data: to build that model, and to
    write it twice, for the client and for the event, took longer than the forecast itself.

    Args:
        snapshot: Model, ratings and dictionaries of one moment.
        questions: At least one, each with one map.

    Raises:
        UnavailableError: If no model is served yet.
        ValueError: If a forecast is no probability.
    """
    model, ratings = require_model(snapshot)
    found = forecast(model.predictor, ratings.snapshot, fixtures(questions))
    if not ((found.low > 0.0) & (found.high < 1.0)).all():
        raise ValueError("the ratings lead to a forecast that is no probability")
    names, used = snapshot.dictionaries, _model_used(model, ratings).model_dump()
    numbers = zip(
        questions,
        found.probability.tolist(),
        found.low.tolist(),
        found.high.tolist(),
        found.warnings,
        model.predictor.contributions(found.X).tolist(),
        strict=True,
    )
    answers = []
    for question, probability, low, high, warnings, contributions in numbers:
        forecast_id, played = str(uuid7()), question.maps[0]
        answer = {
            "forecast_id": forecast_id,
            "team1_win_probability": probability,
            "team2_win_probability": 1.0 - probability,
            "interval": (low, high),
            "warnings": [*warnings, *_shared(names, question)],
            "model": used,
            "map": {"id": played.id, "name": played.name},
            "team1": _plain_team(names, question, 0),
            "team2": _plain_team(names, question, 1),
            "played_on": question.played_on,
        }
        of_features = dict(zip(STORED_FEATURE_NAMES, contributions, strict=True))
        answers.append(Answered(forecast_id, orjson.dumps(answer), of_features, probability, played.name))
    return answers


def answer_series(snapshot: ServingSnapshot, question: ResolvedRequest, best_of: int) -> Answered:
    """Forecast a series: on its maps where they are known, else averaged over likely vetoes.

    Raises:
        UnavailableError: If no model is served yet.
    """
    model, ratings = require_model(snapshot)
    names = snapshot.dictionaries
    maps = np.array([played.id for played in question.maps]) if question.maps else None
    found = forecast_series(model.predictor, ratings.snapshot, fixtures([question]), best_of, maps)
    one, two = (_team_used(names, question, side) for side in (0, 1))
    answer = series_answer(
        found,
        forecast_id=str(uuid7()),
        best_of=best_of,
        is_on_named_maps=maps is not None,
        map_name=lambda number: _map_name(names, number),
        warnings=[*found.warnings, *players_on_both_sides(one, two)],
        model=_model_used(model, ratings),
        teams=(one, two),
        played_on=question.played_on,
    )
    return Answered(
        forecast_id=answer.forecast_id,
        body=answer.model_dump_json().encode(),
        contributions=contributions_by_feature(found.contributions),
        probability=found.probability,
    )


def _map_name(names: Dictionaries, map_id: int) -> str:
    entry = names.maps.get(map_id)
    return entry.name if entry else str(map_id)


def _model_used(model: ServedModel, ratings: ServedRatings) -> ModelUsed:
    return ModelUsed(
        version=model.record.version,
        trained_through=model.record.trained_through,
        ratings_as_of=ratings.record.as_of,
    )


def _team_used(names: Dictionaries, question: ResolvedRequest, side: int) -> TeamUsed:
    team, lineup = question.teams[side], question.lineups[side]
    return TeamUsed(id=team.id, name=team.name, players=[_player(names, player) for player in lineup or ()])


def _player(names: Dictionaries, player_id: int) -> Ref:
    entry = names.players.get(player_id)
    return Ref(id=player_id, name=entry.name if entry else str(player_id))


def _plain_team(names: Dictionaries, question: ResolvedRequest, side: int) -> dict[str, Any]:
    """As :func:`_team_used`, plain."""
    team, get = question.teams[side], names.players.get
    players = [
        {"id": player, "name": entry.name if (entry := get(player)) else str(player)}
        for player in question.lineups[side] or ()
    ]
    return {"id": team.id, "name": team.name, "players": players}


def _shared(names: Dictionaries, question: ResolvedRequest) -> list[str]:
    first, second = question.lineups
    if not first or not second or set(first).isdisjoint(second):
        return []
    return players_on_both_sides(_team_used(names, question, 0), _team_used(names, question, 1))
