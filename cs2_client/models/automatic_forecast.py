from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AutomaticForecast")


@_attrs_define
class AutomaticForecast:
    """Summary of an automatic forecast; `GET /forecast/{id}` shows all of it.

    Attributes:
        forecast_id (str):
        occurred_at (datetime.datetime):
        team1_win_probability (float):
        interval (list[float]):
        model_version (int):
        snapshot_id (int):
    """

    forecast_id: str
    occurred_at: datetime.datetime
    team1_win_probability: float
    interval: list[float]
    model_version: int
    snapshot_id: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        forecast_id = self.forecast_id

        occurred_at = self.occurred_at.isoformat()

        team1_win_probability = self.team1_win_probability

        interval = []
        for interval_item_data in self.interval:
            interval_item: float
            interval_item = interval_item_data
            interval.append(interval_item)

        model_version = self.model_version

        snapshot_id = self.snapshot_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "forecast_id": forecast_id,
                "occurred_at": occurred_at,
                "team1_win_probability": team1_win_probability,
                "interval": interval,
                "model_version": model_version,
                "snapshot_id": snapshot_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        forecast_id = d.pop("forecast_id")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        team1_win_probability = d.pop("team1_win_probability")

        interval = []
        _interval = d.pop("interval")
        for interval_item_data in _interval:

            def _parse_interval_item(data: object) -> float:
                return cast(float, data)

            interval_item = _parse_interval_item(interval_item_data)

            interval.append(interval_item)

        model_version = d.pop("model_version")

        snapshot_id = d.pop("snapshot_id")

        automatic_forecast = cls(
            forecast_id=forecast_id,
            occurred_at=occurred_at,
            team1_win_probability=team1_win_probability,
            interval=interval,
            model_version=model_version,
            snapshot_id=snapshot_id,
        )

        automatic_forecast.additional_properties = d
        return automatic_forecast

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
