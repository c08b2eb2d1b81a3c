"""Answers from forecasts, used by the API and by the automatic forecasts."""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray
from cs2.forecasting.model.features import STORED_FEATURE_NAMES
from cs2.forecasting.series.series import SeriesForecast
from cs2.messages import MapOfSeries, ModelUsed, Ref, ScoreLine, SeriesAnswer, TeamUsed


def series_answer(
    forecast: SeriesForecast,
    *,
    forecast_id: str,
    best_of: int,
    is_on_named_maps: bool,
    map_name: Callable[[int], str],
    warnings: Sequence[str],
    model: ModelUsed,
    teams: tuple[TeamUsed, TeamUsed],
    played_on: date,
) -> SeriesAnswer:
    """Build the answer about a series.

    Args:
        forecast: The forecast.
        forecast_id: Its id, a uuid7.
        best_of: 1, 3 or 5.
        is_on_named_maps: Whether the request named the maps. They keep their order; otherwise the likeliest is first.
        map_name: Returns the name of a map by its id.
        warnings: Warnings of the forecast and of the request.
        model: Model and ratings of the forecast.
        teams: Both teams with the lineups of the forecast.
        played_on: Day of play.
    """
    order = np.arange(len(forecast.maps)) if is_on_named_maps else np.argsort(-forecast.chance, kind="stable")
    maps = [
        MapOfSeries(
            map=_map_ref(int(forecast.maps[row]), map_name),
            team1_win_probability=float(forecast.map_probability[row]),
            chance_to_be_played=min(1.0, float(forecast.chance[row])),
        )
        for row in order
    ]
    return SeriesAnswer(
        forecast_id=forecast_id,
        best_of=best_of,
        team1_win_probability=forecast.probability,
        team2_win_probability=1.0 - forecast.probability,
        interval=(forecast.low, forecast.high),
        scores=[
            ScoreLine(team1_maps=team1_maps, team2_maps=team2_maps, probability=probability)
            for (team1_maps, team2_maps), probability in forecast.scores.items()
        ],
        maps=maps,
        warnings=list(warnings),
        model=model,
        team1=teams[0],
        team2=teams[1],
        played_on=played_on,
    )


def players_on_both_sides(team1: TeamUsed, team2: TeamUsed) -> list[str]:
    """Warn of players in both lineups: a latest five that is out of date may hold a player of the other team."""
    of_team1 = {player.id for player in team1.players}
    shared = sorted((player for player in team2.players if player.id in of_team1), key=lambda player: player.id)
    return [f"{player.name} is in both lineups: name the players who play" for player in shared]


def contributions_by_feature(contributions: FloatArray) -> dict[str, float]:
    """Name the contributions as events and the history spell them."""
    return dict(zip(STORED_FEATURE_NAMES, contributions.tolist(), strict=True))


def _map_ref(map_id: int, name: Callable[[int], str]) -> Ref | None:
    return None if map_id == UNKNOWN else Ref(id=map_id, name=name(map_id))
