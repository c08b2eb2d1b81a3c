from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="MapProfile")


@_attrs_define
class MapProfile:
    """A map with its place in the pool.

    Attributes:
        id (int):
        name (str):
        is_active (bool | None): Whether the map is in the active pool: at least 2% of the maps of the 90 days before
            the date of the ratings, and not retired by an admin; none while there are no ratings.
        is_retired (bool): Whether an admin has excluded the map from the active pool.
        aliases (list[str] | Unset):
    """

    id: int
    name: str
    is_active: bool | None
    is_retired: bool
    aliases: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        is_active: bool | None
        is_active = self.is_active

        is_retired = self.is_retired

        aliases: list[str] | Unset = UNSET
        if not isinstance(self.aliases, Unset):
            aliases = self.aliases

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "is_active": is_active,
                "is_retired": is_retired,
            }
        )
        if aliases is not UNSET:
            field_dict["aliases"] = aliases

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        def _parse_is_active(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        is_active = _parse_is_active(d.pop("is_active"))

        is_retired = d.pop("is_retired")

        aliases = cast(list[str], d.pop("aliases", UNSET))

        map_profile = cls(
            id=id,
            name=name,
            is_active=is_active,
            is_retired=is_retired,
            aliases=aliases,
        )

        map_profile.additional_properties = d
        return map_profile

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
