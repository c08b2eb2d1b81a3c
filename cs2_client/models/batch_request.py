from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.batch_request_forecast_request import BatchRequestForecastRequest


T = TypeVar("T", bound="BatchRequest")


@_attrs_define
class BatchRequest:
    """Many forecasts in one call. An invalid item gets a problem in its place; the others are answered.

    Attributes:
        forecasts (list[BatchRequestForecastRequest]):
    """

    forecasts: list[BatchRequestForecastRequest]

    def to_dict(self) -> dict[str, Any]:
        forecasts = []
        for forecasts_item_data in self.forecasts:
            forecasts_item = forecasts_item_data.to_dict()
            forecasts.append(forecasts_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "forecasts": forecasts,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.batch_request_forecast_request import BatchRequestForecastRequest  # noqa: PLC0415

        d = dict(src_dict)
        forecasts = []
        _forecasts = d.pop("forecasts")
        for forecasts_item_data in _forecasts:
            forecasts_item = BatchRequestForecastRequest.from_dict(forecasts_item_data)

            forecasts.append(forecasts_item)

        batch_request = cls(
            forecasts=forecasts,
        )

        return batch_request
