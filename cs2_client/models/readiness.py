from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.readiness_components import ReadinessComponents


T = TypeVar("T", bound="Readiness")


@_attrs_define
class Readiness:
    """Whether forecasts are answered, and the health of each component.

    Forecasts can be answered while a dependency is unavailable: from memory, with the events in the fallback file.

        Attributes:
            is_ready (bool):
            model_version (int | None):
            snapshot_id (int | None):
            ratings_as_of (datetime.date | None):
            components (ReadinessComponents):
    """

    is_ready: bool
    model_version: int | None
    snapshot_id: int | None
    ratings_as_of: datetime.date | None
    components: ReadinessComponents
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        is_ready = self.is_ready

        model_version: int | None
        model_version = self.model_version

        snapshot_id: int | None
        snapshot_id = self.snapshot_id

        ratings_as_of: None | str
        if isinstance(self.ratings_as_of, datetime.date):
            ratings_as_of = self.ratings_as_of.isoformat()
        else:
            ratings_as_of = self.ratings_as_of

        components = self.components.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "is_ready": is_ready,
                "model_version": model_version,
                "snapshot_id": snapshot_id,
                "ratings_as_of": ratings_as_of,
                "components": components,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.readiness_components import ReadinessComponents  # noqa: PLC0415

        d = dict(src_dict)
        is_ready = d.pop("is_ready")

        def _parse_model_version(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        model_version = _parse_model_version(d.pop("model_version"))

        def _parse_snapshot_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        snapshot_id = _parse_snapshot_id(d.pop("snapshot_id"))

        def _parse_ratings_as_of(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ratings_as_of_type_0 = datetime.date.fromisoformat(data)

                return ratings_as_of_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        ratings_as_of = _parse_ratings_as_of(d.pop("ratings_as_of"))

        components = ReadinessComponents.from_dict(d.pop("components"))

        readiness = cls(
            is_ready=is_ready,
            model_version=model_version,
            snapshot_id=snapshot_id,
            ratings_as_of=ratings_as_of,
            components=components,
        )

        readiness.additional_properties = d
        return readiness

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
