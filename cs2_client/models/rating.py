from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Rating")


@_attrs_define
class Rating:
    """Strength of a team or player at the end of a day.

    Attributes:
        strength (float): Skill in points, the main input of a forecast; see `points_per_log_odds`.
        standard_error (float): Standard error of the strength, in points.
        points_per_log_odds (float | None): Lead in points that gives log-odds of 1 (73%) to win a map, between players
            of long experience; none while no model is served.
        elo (float): Elo rating in log-odds, a simpler measure: a lead of d gives 1 / (1 + exp(-d)) to win a map.
        results (int): Number of results behind the rating: maps, and series with unknown maps.
        as_of (datetime.date): Last day whose results are included.
    """

    strength: float
    standard_error: float
    points_per_log_odds: float | None
    elo: float
    results: int
    as_of: datetime.date
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        strength = self.strength

        standard_error = self.standard_error

        points_per_log_odds: float | None
        points_per_log_odds = self.points_per_log_odds

        elo = self.elo

        results = self.results

        as_of = self.as_of.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "strength": strength,
                "standard_error": standard_error,
                "points_per_log_odds": points_per_log_odds,
                "elo": elo,
                "results": results,
                "as_of": as_of,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        strength = d.pop("strength")

        standard_error = d.pop("standard_error")

        def _parse_points_per_log_odds(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        points_per_log_odds = _parse_points_per_log_odds(d.pop("points_per_log_odds"))

        elo = d.pop("elo")

        results = d.pop("results")

        as_of = datetime.date.fromisoformat(d.pop("as_of"))

        rating = cls(
            strength=strength,
            standard_error=standard_error,
            points_per_log_odds=points_per_log_odds,
            elo=elo,
            results=results,
            as_of=as_of,
        )

        rating.additional_properties = d
        return rating

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
