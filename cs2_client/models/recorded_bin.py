from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RecordedBin")


@_attrs_define
class RecordedBin:
    """Calibration bin: mean forecast, share of wins and number of matches.

    Attributes:
        forecast (float):
        won (float):
        matches (int):
    """

    forecast: float
    won: float
    matches: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        forecast = self.forecast

        won = self.won

        matches = self.matches

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "forecast": forecast,
                "won": won,
                "matches": matches,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        forecast = d.pop("forecast")

        won = d.pop("won")

        matches = d.pop("matches")

        recorded_bin = cls(
            forecast=forecast,
            won=won,
            matches=matches,
        )

        recorded_bin.additional_properties = d
        return recorded_bin

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
