"""Forecasts from the snapshot in memory: pure functions, and the predictor that batches the requests in flight."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import orjson
from uuid_utils import uuid7

from cs2.calendar import day_number
from cs2.forecasting.matches import UNKNOWN, MatchQuestions
from cs2.forecasting.model.features import STORED_FEATURE_NAMES
from cs2.forecasting.model.forecast import forecast
from cs2.forecasting.series.series import forecast_series
from cs2.messages import ModelUsed, SeriesRequest, TeamUsed
from cs2.rendering import contributions_by_feature, players_on_both_sides, series_answer
from serving.dictionaries.index import Dictionaries
from serving.forecast.resolve import LINEUP_SIZE, ResolvedRequest
from serving.forecast.serving_snapshot import ServedModel, ServedRatings

MAX_GROUP = 100
"""Maps that are predicted together before other tasks get their turn."""


@dataclass(frozen=True, slots=True)
class ServedForecast:
    """The answer to a request, and what its event adds.

    Attributes:
        forecast_id: Id of the answer, a uuid7.
        body: The answer as JSON: sent to the client and stored.
        contributions: Contribution of each feature, in log-odds.
        probability: Probability that team 1 wins.
        map_name: The map; None for a series.
    """

    forecast_id: str
    body: bytes
    contributions: dict[str, float]
    probability: float
    map_name: str | None = None


GROUP_SECONDS = 0.01
"""Shortest time between two groups (docs/adr/0009)."""


class Predictor:
    """Predicts the maps of all requests in flight together: numpy takes as long for thirty maps as for one."""

    def __init__(self) -> None:
        self._waiting: list[tuple[ResolvedRequest, asyncio.Future[ServedForecast]]] = []
        self._next_group_at = 0.0

    async def predict(self, request: ResolvedRequest) -> ServedForecast:
        """Predict a map or a series. An error of one request reaches no other.

        Raises:
            ValueError: If the ratings lead to a value that is no probability.
        """
        if isinstance(request.request, SeriesRequest):
            return predict_series(request)
        loop = asyncio.get_running_loop()
        if not self._waiting:
            # A request that comes alone does not wait. Under load a group takes what came since the last one.
            loop.call_at(self._next_group_at, self._predict_group)
        future: asyncio.Future[ServedForecast] = loop.create_future()
        self._waiting.append((request, future))
        return await future

    def _predict_group(self) -> None:
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        loop = asyncio.get_running_loop()
        self._next_group_at = loop.time() + GROUP_SECONDS
        if self._waiting:
            loop.call_soon(self._predict_group)
        for _, same_snapshot in groupby(group, key=lambda waiting: waiting[0].snapshot):
            requests, futures = zip(*same_snapshot, strict=True)
            for result, future in zip(_predict_safely(requests), futures, strict=True):
                if future.done():  # the client has disconnected
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)


def _predict_safely(requests: Sequence[ResolvedRequest]) -> Sequence[ServedForecast | Exception]:
    """Predict maps together. If that fails, predict each alone and return an error in the place of its request."""
    try:
        return predict_maps(requests)
    except Exception as error:  # noqa: BLE001 - raised in the request that caused it
        return [error] if len(requests) == 1 else [_predict_safely([request])[0] for request in requests]


def predict_maps(requests: Sequence[ResolvedRequest]) -> list[ServedForecast]:
    """Predict maps, each with the same result as alone.

    The bodies have the fields of ``ForecastAnswer`` but are written from plain data: building that model and writing it
    twice, for the client and for the event, took longer than the prediction.

    Args:
        requests: At least one, each with one map, all with the same snapshot.

    Raises:
        ValueError: If the ratings lead to a value that is no probability.
    """
    snapshot = requests[0].snapshot
    model, ratings = snapshot.require_served()
    forecasts = forecast(model.predictor, ratings.snapshot, match_questions(requests))
    if not ((forecasts.low > 0.0) & (forecasts.high < 1.0)).all():
        raise ValueError("the ratings lead to a forecast that is no probability")
    model_used = _model_used(model, ratings).model_dump()
    rows = zip(
        requests,
        forecasts.probability.tolist(),
        forecasts.low.tolist(),
        forecasts.high.tolist(),
        forecasts.warnings,
        model.predictor.contributions(forecasts.X).tolist(),
        strict=True,
    )
    served = []
    for request, probability, low, high, warnings, contributions in rows:
        forecast_id, played = str(uuid7()), request.maps[0]
        answer = {
            "forecast_id": forecast_id,
            "team1_win_probability": probability,
            "team2_win_probability": 1.0 - probability,
            "interval": (low, high),
            "warnings": [*warnings, *_shared_players(request)],
            "model": model_used,
            "map": {"id": played.id, "name": played.name},
            "team1": _team(request, 0),
            "team2": _team(request, 1),
            "played_on": request.played_on,
        }
        by_feature = dict(zip(STORED_FEATURE_NAMES, contributions, strict=True))
        served.append(ServedForecast(forecast_id, orjson.dumps(answer), by_feature, probability, played.name))
    return served


def predict_series(request: ResolvedRequest) -> ServedForecast:
    """Predict a series: on its maps if they are named, else averaged over likely vetoes."""
    assert isinstance(request.request, SeriesRequest)
    model, ratings = request.snapshot.require_served()
    best_of = request.request.best_of
    maps = np.array([played.id for played in request.maps]) if request.maps else None
    series = forecast_series(model.predictor, ratings.snapshot, match_questions([request]), best_of, maps)
    teams = TeamUsed(**_team(request, 0)), TeamUsed(**_team(request, 1))
    answer = series_answer(
        series,
        forecast_id=str(uuid7()),
        best_of=best_of,
        is_on_named_maps=maps is not None,
        map_name=lambda map_id: _map_name(request.snapshot.dictionaries, map_id),
        warnings=[*series.warnings, *players_on_both_sides(*teams)],
        model=_model_used(model, ratings),
        teams=teams,
        played_on=request.played_on,
    )
    return ServedForecast(
        forecast_id=answer.forecast_id,
        body=answer.model_dump_json().encode(),
        contributions=contributions_by_feature(series.contributions),
        probability=series.probability,
    )


def match_questions(requests: Sequence[ResolvedRequest]) -> MatchQuestions:
    """Return requests as arrays, one row a request. A series has its first map, or UNKNOWN."""
    unknown = [UNKNOWN] * LINEUP_SIZE
    return MatchQuestions(
        map_id=np.array([request.maps[0].id if request.maps else UNKNOWN for request in requests]),
        team_ids=np.array([[team.id for team in request.teams] for request in requests]),
        player_ids=np.array([[lineup or unknown for lineup in request.lineups] for request in requests]),
        day=np.array([day_number(request.played_on) for request in requests]),
    )


def _map_name(dictionaries: Dictionaries, map_id: int) -> str:
    entry = dictionaries.maps.get(map_id)
    return entry.name if entry else str(map_id)


def _model_used(model: ServedModel, ratings: ServedRatings) -> ModelUsed:
    return ModelUsed(
        version=model.record.version,
        trained_through=model.record.trained_through,
        ratings_as_of=ratings.record.as_of,
    )


def _team(request: ResolvedRequest, side: int) -> dict[str, Any]:
    """Return the fields of a ``TeamUsed``."""
    team, get_player = request.teams[side], request.snapshot.dictionaries.players.get
    players = [
        {"id": player_id, "name": entry.name if (entry := get_player(player_id)) else str(player_id)}
        for player_id in request.lineups[side] or ()
    ]
    return {"id": team.id, "name": team.name, "players": players}


def _shared_players(request: ResolvedRequest) -> list[str]:
    first, second = request.lineups
    if not first or not second or set(first).isdisjoint(second):
        return []
    return players_on_both_sides(TeamUsed(**_team(request, 0)), TeamUsed(**_team(request, 1)))
