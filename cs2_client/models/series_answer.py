from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.map_of_series import MapOfSeries
    from ..models.model_used import ModelUsed
    from ..models.score_line import ScoreLine
    from ..models.team_used import TeamUsed


T = TypeVar("T", bound="SeriesAnswer")


@_attrs_define
class SeriesAnswer:
    """The forecast of a series.

    Attributes:
        forecast_id (str):
        best_of (int):
        team1_win_probability (float):
        team2_win_probability (float):
        interval (list[float]):
        scores (list[ScoreLine]):
        maps (list[MapOfSeries]):
        warnings (list[str]):
        model (ModelUsed): Model and ratings behind a forecast.
        team1 (TeamUsed): A team with the five players of the forecast; empty if no lineup is known.
        team2 (TeamUsed): A team with the five players of the forecast; empty if no lineup is known.
        played_on (datetime.date):
    """

    forecast_id: str
    best_of: int
    team1_win_probability: float
    team2_win_probability: float
    interval: list[float]
    scores: list[ScoreLine]
    maps: list[MapOfSeries]
    warnings: list[str]
    model: ModelUsed
    team1: TeamUsed
    team2: TeamUsed
    played_on: datetime.date

    def to_dict(self) -> dict[str, Any]:
        forecast_id = self.forecast_id

        best_of = self.best_of

        team1_win_probability = self.team1_win_probability

        team2_win_probability = self.team2_win_probability

        interval = []
        for interval_item_data in self.interval:
            interval_item: float
            interval_item = interval_item_data
            interval.append(interval_item)

        scores = []
        for scores_item_data in self.scores:
            scores_item = scores_item_data.to_dict()
            scores.append(scores_item)

        maps = []
        for maps_item_data in self.maps:
            maps_item = maps_item_data.to_dict()
            maps.append(maps_item)

        warnings = self.warnings

        model = self.model.to_dict()

        team1 = self.team1.to_dict()

        team2 = self.team2.to_dict()

        played_on = self.played_on.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "forecast_id": forecast_id,
                "best_of": best_of,
                "team1_win_probability": team1_win_probability,
                "team2_win_probability": team2_win_probability,
                "interval": interval,
                "scores": scores,
                "maps": maps,
                "warnings": warnings,
                "model": model,
                "team1": team1,
                "team2": team2,
                "played_on": played_on,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.map_of_series import MapOfSeries  # noqa: PLC0415
        from ..models.model_used import ModelUsed  # noqa: PLC0415
        from ..models.score_line import ScoreLine  # noqa: PLC0415
        from ..models.team_used import TeamUsed  # noqa: PLC0415

        d = dict(src_dict)
        forecast_id = d.pop("forecast_id")

        best_of = d.pop("best_of")

        team1_win_probability = d.pop("team1_win_probability")

        team2_win_probability = d.pop("team2_win_probability")

        interval = []
        _interval = d.pop("interval")
        for interval_item_data in _interval:

            def _parse_interval_item(data: object) -> float:
                return cast(float, data)

            interval_item = _parse_interval_item(interval_item_data)

            interval.append(interval_item)

        scores = []
        _scores = d.pop("scores")
        for scores_item_data in _scores:
            scores_item = ScoreLine.from_dict(scores_item_data)

            scores.append(scores_item)

        maps = []
        _maps = d.pop("maps")
        for maps_item_data in _maps:
            maps_item = MapOfSeries.from_dict(maps_item_data)

            maps.append(maps_item)

        warnings = cast(list[str], d.pop("warnings"))

        model = ModelUsed.from_dict(d.pop("model"))

        team1 = TeamUsed.from_dict(d.pop("team1"))

        team2 = TeamUsed.from_dict(d.pop("team2"))

        played_on = datetime.date.fromisoformat(d.pop("played_on"))

        series_answer = cls(
            forecast_id=forecast_id,
            best_of=best_of,
            team1_win_probability=team1_win_probability,
            team2_win_probability=team2_win_probability,
            interval=interval,
            scores=scores,
            maps=maps,
            warnings=warnings,
            model=model,
            team1=team1,
            team2=team2,
            played_on=played_on,
        )

        return series_answer
