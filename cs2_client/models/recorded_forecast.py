from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.match_status import MatchStatus, check_match_status
from ..models.recorded_forecast_winner_type_0 import (
    RecordedForecastWinnerType0,
    check_recorded_forecast_winner_type_0,
)

if TYPE_CHECKING:
    from ..models.named import Named


T = TypeVar("T", bound="RecordedForecast")


@_attrs_define
class RecordedForecast:
    """A match with the last automatic forecast before its start.

    Attributes:
        fixture_id (int):
        start_time (datetime.datetime):
        event (None | str):
        best_of (int):
        team1 (Named): An id with its name.
        team2 (Named): An id with its name.
        forecast_id (str):
        occurred_at (datetime.datetime):
        team1_win_probability (float):
        interval (list[float]):
        model_version (int):
        status (MatchStatus): State of a match with a forecast.
        winner (None | RecordedForecastWinnerType0):
        played_on (datetime.date | None):
    """

    fixture_id: int
    start_time: datetime.datetime
    event: None | str
    best_of: int
    team1: Named
    team2: Named
    forecast_id: str
    occurred_at: datetime.datetime
    team1_win_probability: float
    interval: list[float]
    model_version: int
    status: MatchStatus
    winner: None | RecordedForecastWinnerType0
    played_on: datetime.date | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fixture_id = self.fixture_id

        start_time = self.start_time.isoformat()

        event: None | str
        event = self.event

        best_of = self.best_of

        team1 = self.team1.to_dict()

        team2 = self.team2.to_dict()

        forecast_id = self.forecast_id

        occurred_at = self.occurred_at.isoformat()

        team1_win_probability = self.team1_win_probability

        interval = []
        for interval_item_data in self.interval:
            interval_item: float
            interval_item = interval_item_data
            interval.append(interval_item)

        model_version = self.model_version

        status: str = self.status

        winner: int | None
        if isinstance(self.winner, int):
            winner = self.winner
        else:
            winner = self.winner

        played_on: None | str
        if isinstance(self.played_on, datetime.date):
            played_on = self.played_on.isoformat()
        else:
            played_on = self.played_on

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "fixture_id": fixture_id,
                "start_time": start_time,
                "event": event,
                "best_of": best_of,
                "team1": team1,
                "team2": team2,
                "forecast_id": forecast_id,
                "occurred_at": occurred_at,
                "team1_win_probability": team1_win_probability,
                "interval": interval,
                "model_version": model_version,
                "status": status,
                "winner": winner,
                "played_on": played_on,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.named import Named  # noqa: PLC0415

        d = dict(src_dict)
        fixture_id = d.pop("fixture_id")

        start_time = datetime.datetime.fromisoformat(d.pop("start_time"))

        def _parse_event(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        event = _parse_event(d.pop("event"))

        best_of = d.pop("best_of")

        team1 = Named.from_dict(d.pop("team1"))

        team2 = Named.from_dict(d.pop("team2"))

        forecast_id = d.pop("forecast_id")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        team1_win_probability = d.pop("team1_win_probability")

        interval = []
        _interval = d.pop("interval")
        for interval_item_data in _interval:

            def _parse_interval_item(data: object) -> float:
                return cast(float, data)

            interval_item = _parse_interval_item(interval_item_data)

            interval.append(interval_item)

        model_version = d.pop("model_version")

        status = check_match_status(d.pop("status"))

        def _parse_winner(data: object) -> None | RecordedForecastWinnerType0:
            if data is None:
                return data
            try:
                if not isinstance(data, int):
                    raise TypeError()
                winner_type_0 = check_recorded_forecast_winner_type_0(data)

                return winner_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RecordedForecastWinnerType0, data)

        winner = _parse_winner(d.pop("winner"))

        def _parse_played_on(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                played_on_type_0 = datetime.date.fromisoformat(data)

                return played_on_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        played_on = _parse_played_on(d.pop("played_on"))

        recorded_forecast = cls(
            fixture_id=fixture_id,
            start_time=start_time,
            event=event,
            best_of=best_of,
            team1=team1,
            team2=team2,
            forecast_id=forecast_id,
            occurred_at=occurred_at,
            team1_win_probability=team1_win_probability,
            interval=interval,
            model_version=model_version,
            status=status,
            winner=winner,
            played_on=played_on,
        )

        recorded_forecast.additional_properties = d
        return recorded_forecast

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
