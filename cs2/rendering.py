"""The answer about a series from its forecast: the same whether somebody asked or the system forecasts by itself."""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray
from cs2.forecasting.model.features import STORED_FEATURE_NAMES
from cs2.forecasting.series.series import SeriesForecast
from cs2.messages import MapOfSeries, ModelUsed, Ref, ScoreLine, SeriesAnswer, TeamUsed


def series_answer(
    found: SeriesForecast,
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
    """Put a forecast into words.

    Args:
        found: The forecast.
        forecast_id: Its id, a uuid7.
        best_of: 1, 3 or 5.
        is_on_named_maps: Whether the question named the maps: they keep their order, else the likeliest is first.
        map_name: Name of a map by its id.
        warnings: Those of the forecast, and what the question gave reason for.
        model: Where it comes from.
        teams: Both teams with the lineups that were used.
        played_on: Day of play.
    """
    order = np.arange(len(found.maps)) if is_on_named_maps else np.argsort(-found.chance, kind="stable")
    maps = [
        MapOfSeries(
            map=_named(int(found.maps[row]), map_name),
            team1_win_probability=float(found.map_probability[row]),
            chance_to_be_played=min(1.0, float(found.chance[row])),
        )
        for row in order
    ]
    return SeriesAnswer(
        forecast_id=forecast_id,
        best_of=best_of,
        team1_win_probability=found.probability,
        team2_win_probability=1.0 - found.probability,
        interval=(found.low, found.high),
        scores=[
            ScoreLine(team1_maps=one, team2_maps=two, probability=probability)
            for (one, two), probability in found.scores.items()
        ],
        maps=maps,
        warnings=list(warnings),
        model=model,
        team1=teams[0],
        team2=teams[1],
        played_on=played_on,
    )


def players_on_both_sides(team1: TeamUsed, team2: TeamUsed) -> list[str]:
    """Warnings: a latest five that is out of date may hold a player of the other side."""
    ours = {player.id for player in team1.players}
    both = sorted((player for player in team2.players if player.id in ours), key=lambda player: player.id)
    return [f"{player.name} is in both lineups: name the players who play" for player in both]


def contributions_by_feature(contributions: FloatArray) -> dict[str, float]:
    """Name the contributions as events and the history spell them."""
    return dict(zip(STORED_FEATURE_NAMES, contributions.tolist(), strict=True))


def _named(map_id: int, name: Callable[[int], str]) -> Ref | None:
    return None if map_id == UNKNOWN else Ref(id=map_id, name=name(map_id))
