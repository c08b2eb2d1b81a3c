from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.named import Named


T = TypeVar("T", bound="MapRecord")


@_attrs_define
class MapRecord:
    """All stored results of a team on a map.

    Attributes:
        map_ (Named): An id with its name.
        played (int):
        won (int):
        lost (int):
    """

    map_: Named
    played: int
    won: int
    lost: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        map_ = self.map_.to_dict()

        played = self.played

        won = self.won

        lost = self.lost

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "map": map_,
                "played": played,
                "won": won,
                "lost": lost,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.named import Named  # noqa: PLC0415

        d = dict(src_dict)
        map_ = Named.from_dict(d.pop("map"))

        played = d.pop("played")

        won = d.pop("won")

        lost = d.pop("lost")

        map_record = cls(
            map_=map_,
            played=played,
            won=won,
            lost=lost,
        )

        map_record.additional_properties = d
        return map_record

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
