from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Reason")


@_attrs_define
class Reason:
    """Contribution of one feature.

    Attributes:
        feature (str):
        meaning (str):
        log_odds (float):
        favours (None | str):
        without_it (float):
        text (str):
    """

    feature: str
    meaning: str
    log_odds: float
    favours: None | str
    without_it: float
    text: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        feature = self.feature

        meaning = self.meaning

        log_odds = self.log_odds

        favours: None | str
        favours = self.favours

        without_it = self.without_it

        text = self.text

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "feature": feature,
                "meaning": meaning,
                "log_odds": log_odds,
                "favours": favours,
                "without_it": without_it,
                "text": text,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        feature = d.pop("feature")

        meaning = d.pop("meaning")

        log_odds = d.pop("log_odds")

        def _parse_favours(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        favours = _parse_favours(d.pop("favours"))

        without_it = d.pop("without_it")

        text = d.pop("text")

        reason = cls(
            feature=feature,
            meaning=meaning,
            log_odds=log_odds,
            favours=favours,
            without_it=without_it,
            text=text,
        )

        reason.additional_properties = d
        return reason

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
