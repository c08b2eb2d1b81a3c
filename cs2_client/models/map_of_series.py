from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.named import Named


T = TypeVar("T", bound="MapOfSeries")


@_attrs_define
class MapOfSeries:
    """A map of a series: given in the request, or possible after the vetoes.

    Attributes:
        map_ (Named | None):
        team1_win_probability (float):
        chance_to_be_played (float):
    """

    map_: Named | None
    team1_win_probability: float
    chance_to_be_played: float

    def to_dict(self) -> dict[str, Any]:
        from ..models.named import Named  # noqa: PLC0415

        map_: dict[str, Any] | None
        if isinstance(self.map_, Named):
            map_ = self.map_.to_dict()
        else:
            map_ = self.map_

        team1_win_probability = self.team1_win_probability

        chance_to_be_played = self.chance_to_be_played

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "map": map_,
                "team1_win_probability": team1_win_probability,
                "chance_to_be_played": chance_to_be_played,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.named import Named  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_map_(data: object) -> Named | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                map_type_0 = Named.from_dict(data)

                return map_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Named | None, data)

        map_ = _parse_map_(d.pop("map"))

        team1_win_probability = d.pop("team1_win_probability")

        chance_to_be_played = d.pop("chance_to_be_played")

        map_of_series = cls(
            map_=map_,
            team1_win_probability=team1_win_probability,
            chance_to_be_played=chance_to_be_played,
        )

        return map_of_series
