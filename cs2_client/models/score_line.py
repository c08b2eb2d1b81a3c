from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ScoreLine")


@_attrs_define
class ScoreLine:
    """A possible final score of a series.

    Attributes:
        team1_maps (int):
        team2_maps (int):
        probability (float):
    """

    team1_maps: int
    team2_maps: int
    probability: float

    def to_dict(self) -> dict[str, Any]:
        team1_maps = self.team1_maps

        team2_maps = self.team2_maps

        probability = self.probability

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "team1_maps": team1_maps,
                "team2_maps": team2_maps,
                "probability": probability,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        team1_maps = d.pop("team1_maps")

        team2_maps = d.pop("team2_maps")

        probability = d.pop("probability")

        score_line = cls(
            team1_maps=team1_maps,
            team2_maps=team2_maps,
            probability=probability,
        )

        return score_line
