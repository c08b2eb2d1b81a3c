from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.map_record import MapRecord
    from ..models.named import Named
    from ..models.rating import Rating


T = TypeVar("T", bound="TeamProfile")


@_attrs_define
class TeamProfile:
    """A team with its aliases, latest five, rating and results.

    Attributes:
        id (int):
        name (str):
        latest_five (list[Named]): Players of the team's latest result; empty if no five are known.
        rating (None | Rating): Rating of the latest five on any map; of the organisation if no five are known.
        maps (list[MapRecord]): Results by map, the most played first.
        aliases (list[str] | Unset):
    """

    id: int
    name: str
    latest_five: list[Named]
    rating: None | Rating
    maps: list[MapRecord]
    aliases: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.rating import Rating  # noqa: PLC0415

        id = self.id

        name = self.name

        latest_five = []
        for latest_five_item_data in self.latest_five:
            latest_five_item = latest_five_item_data.to_dict()
            latest_five.append(latest_five_item)

        rating: dict[str, Any] | None
        if isinstance(self.rating, Rating):
            rating = self.rating.to_dict()
        else:
            rating = self.rating

        maps = []
        for maps_item_data in self.maps:
            maps_item = maps_item_data.to_dict()
            maps.append(maps_item)

        aliases: list[str] | Unset = UNSET
        if not isinstance(self.aliases, Unset):
            aliases = self.aliases

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "latest_five": latest_five,
                "rating": rating,
                "maps": maps,
            }
        )
        if aliases is not UNSET:
            field_dict["aliases"] = aliases

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.map_record import MapRecord  # noqa: PLC0415
        from ..models.named import Named  # noqa: PLC0415
        from ..models.rating import Rating  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        latest_five = []
        _latest_five = d.pop("latest_five")
        for latest_five_item_data in _latest_five:
            latest_five_item = Named.from_dict(latest_five_item_data)

            latest_five.append(latest_five_item)

        def _parse_rating(data: object) -> None | Rating:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                rating_type_0 = Rating.from_dict(data)

                return rating_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Rating, data)

        rating = _parse_rating(d.pop("rating"))

        maps = []
        _maps = d.pop("maps")
        for maps_item_data in _maps:
            maps_item = MapRecord.from_dict(maps_item_data)

            maps.append(maps_item)

        aliases = cast(list[str], d.pop("aliases", UNSET))

        team_profile = cls(
            id=id,
            name=name,
            latest_five=latest_five,
            rating=rating,
            maps=maps,
            aliases=aliases,
        )

        team_profile.additional_properties = d
        return team_profile

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
