from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ModelUsed")


@_attrs_define
class ModelUsed:
    """Model and ratings behind a forecast.

    Attributes:
        version (int):
        trained_through (datetime.date):
        ratings_as_of (datetime.date):
    """

    version: int
    trained_through: datetime.date
    ratings_as_of: datetime.date

    def to_dict(self) -> dict[str, Any]:
        version = self.version

        trained_through = self.trained_through.isoformat()

        ratings_as_of = self.ratings_as_of.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "version": version,
                "trained_through": trained_through,
                "ratings_as_of": ratings_as_of,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        version = d.pop("version")

        trained_through = datetime.date.fromisoformat(d.pop("trained_through"))

        ratings_as_of = datetime.date.fromisoformat(d.pop("ratings_as_of"))

        model_used = cls(
            version=version,
            trained_through=trained_through,
            ratings_as_of=ratings_as_of,
        )

        return model_used
