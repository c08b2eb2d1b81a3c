from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.automatic_forecast import AutomaticForecast
    from ..models.named import Named


T = TypeVar("T", bound="UpcomingFixture")


@_attrs_define
class UpcomingFixture:
    """An announced match that has not begun.

    Attributes:
        id (int):
        source (str):
        start_time (datetime.datetime):
        event (None | str):
        best_of (int | None):
        team1 (Named): An id with its name.
        team2 (Named): An id with its name.
        forecast (AutomaticForecast | None):
    """

    id: int
    source: str
    start_time: datetime.datetime
    event: None | str
    best_of: int | None
    team1: Named
    team2: Named
    forecast: AutomaticForecast | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.automatic_forecast import AutomaticForecast  # noqa: PLC0415

        id = self.id

        source = self.source

        start_time = self.start_time.isoformat()

        event: None | str
        event = self.event

        best_of: int | None
        best_of = self.best_of

        team1 = self.team1.to_dict()

        team2 = self.team2.to_dict()

        forecast: dict[str, Any] | None
        if isinstance(self.forecast, AutomaticForecast):
            forecast = self.forecast.to_dict()
        else:
            forecast = self.forecast

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "source": source,
                "start_time": start_time,
                "event": event,
                "best_of": best_of,
                "team1": team1,
                "team2": team2,
                "forecast": forecast,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.automatic_forecast import AutomaticForecast  # noqa: PLC0415
        from ..models.named import Named  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        source = d.pop("source")

        start_time = datetime.datetime.fromisoformat(d.pop("start_time"))

        def _parse_event(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        event = _parse_event(d.pop("event"))

        def _parse_best_of(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        best_of = _parse_best_of(d.pop("best_of"))

        team1 = Named.from_dict(d.pop("team1"))

        team2 = Named.from_dict(d.pop("team2"))

        def _parse_forecast(data: object) -> AutomaticForecast | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                forecast_type_0 = AutomaticForecast.from_dict(data)

                return forecast_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AutomaticForecast | None, data)

        forecast = _parse_forecast(d.pop("forecast"))

        upcoming_fixture = cls(
            id=id,
            source=source,
            start_time=start_time,
            event=event,
            best_of=best_of,
            team1=team1,
            team2=team2,
            forecast=forecast,
        )

        upcoming_fixture.additional_properties = d
        return upcoming_fixture

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
