from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Scores")


@_attrs_define
class Scores:
    """Scores over the matches with a result. Lower is better, except for the accuracy.

    Attributes:
        log_loss (float):
        brier_score (float):
        accuracy (float):
    """

    log_loss: float
    brier_score: float
    accuracy: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        log_loss = self.log_loss

        brier_score = self.brier_score

        accuracy = self.accuracy

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "log_loss": log_loss,
                "brier_score": brier_score,
                "accuracy": accuracy,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        log_loss = d.pop("log_loss")

        brier_score = d.pop("brier_score")

        accuracy = d.pop("accuracy")

        scores = cls(
            log_loss=log_loss,
            brier_score=brier_score,
            accuracy=accuracy,
        )

        scores.additional_properties = d
        return scores

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
