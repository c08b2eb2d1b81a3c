from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="OnItsWay")


@_attrs_define
class OnItsWay:
    """A forecast that was answered and is not stored yet.

    Attributes:
        forecast_id (str):
        status (Literal['on its way'] | Unset):  Default: 'on its way'.
    """

    forecast_id: str
    status: Literal["on its way"] | Unset = "on its way"
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        forecast_id = self.forecast_id

        status = self.status

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "forecast_id": forecast_id,
            }
        )
        if status is not UNSET:
            field_dict["status"] = status

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        forecast_id = d.pop("forecast_id")

        status = cast(Literal["on its way"] | Unset, d.pop("status", UNSET))
        if status != "on its way" and not isinstance(status, Unset):
            raise ValueError(f"status must match const 'on its way', got '{status}'")

        on_its_way = cls(
            forecast_id=forecast_id,
            status=status,
        )

        on_its_way.additional_properties = d
        return on_its_way

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
