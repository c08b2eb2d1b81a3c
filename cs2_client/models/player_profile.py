from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.played_for import PlayedFor
    from ..models.rating import Rating


T = TypeVar("T", bound="PlayerProfile")


@_attrs_define
class PlayerProfile:
    """A player with aliases, teams and rating.

    Attributes:
        id (int):
        name (str):
        teams (list[PlayedFor]): Teams of the player, the latest first.
        rating (None | Rating): None if the player has not played a rated map.
        aliases (list[str] | Unset):
    """

    id: int
    name: str
    teams: list[PlayedFor]
    rating: None | Rating
    aliases: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.rating import Rating  # noqa: PLC0415

        id = self.id

        name = self.name

        teams = []
        for teams_item_data in self.teams:
            teams_item = teams_item_data.to_dict()
            teams.append(teams_item)

        rating: dict[str, Any] | None
        if isinstance(self.rating, Rating):
            rating = self.rating.to_dict()
        else:
            rating = self.rating

        aliases: list[str] | Unset = UNSET
        if not isinstance(self.aliases, Unset):
            aliases = self.aliases

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "teams": teams,
                "rating": rating,
            }
        )
        if aliases is not UNSET:
            field_dict["aliases"] = aliases

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.played_for import PlayedFor  # noqa: PLC0415
        from ..models.rating import Rating  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        teams = []
        _teams = d.pop("teams")
        for teams_item_data in _teams:
            teams_item = PlayedFor.from_dict(teams_item_data)

            teams.append(teams_item)

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

        aliases = cast(list[str], d.pop("aliases", UNSET))

        player_profile = cls(
            id=id,
            name=name,
            teams=teams,
            rating=rating,
            aliases=aliases,
        )

        player_profile.additional_properties = d
        return player_profile

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
