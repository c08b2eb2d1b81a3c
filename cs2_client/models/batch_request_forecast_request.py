from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="BatchRequestForecastRequest")


@_attrs_define
class BatchRequestForecastRequest:
    """Request for the forecast of one map, which is given by id or by name.

    Attributes:
        team1_id (int | None | Unset):
        team1 (None | str | Unset):
        team2_id (int | None | Unset):
        team2 (None | str | Unset):
        team1_player_ids (list[int] | None | Unset):
        team1_players (list[str] | None | Unset):
        team2_player_ids (list[int] | None | Unset):
        team2_players (list[str] | None | Unset):
        played_on (datetime.date | None | Unset):
        map_id (int | None | Unset):
        map_ (None | str | Unset):
    """

    team1_id: int | None | Unset = UNSET
    team1: None | str | Unset = UNSET
    team2_id: int | None | Unset = UNSET
    team2: None | str | Unset = UNSET
    team1_player_ids: list[int] | None | Unset = UNSET
    team1_players: list[str] | None | Unset = UNSET
    team2_player_ids: list[int] | None | Unset = UNSET
    team2_players: list[str] | None | Unset = UNSET
    played_on: datetime.date | None | Unset = UNSET
    map_id: int | None | Unset = UNSET
    map_: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        team1_id: int | None | Unset
        if isinstance(self.team1_id, Unset):
            team1_id = UNSET
        else:
            team1_id = self.team1_id

        team1: None | str | Unset
        if isinstance(self.team1, Unset):
            team1 = UNSET
        else:
            team1 = self.team1

        team2_id: int | None | Unset
        if isinstance(self.team2_id, Unset):
            team2_id = UNSET
        else:
            team2_id = self.team2_id

        team2: None | str | Unset
        if isinstance(self.team2, Unset):
            team2 = UNSET
        else:
            team2 = self.team2

        team1_player_ids: list[int] | None | Unset
        if isinstance(self.team1_player_ids, Unset):
            team1_player_ids = UNSET
        elif isinstance(self.team1_player_ids, list):
            team1_player_ids = self.team1_player_ids

        else:
            team1_player_ids = self.team1_player_ids

        team1_players: list[str] | None | Unset
        if isinstance(self.team1_players, Unset):
            team1_players = UNSET
        elif isinstance(self.team1_players, list):
            team1_players = self.team1_players

        else:
            team1_players = self.team1_players

        team2_player_ids: list[int] | None | Unset
        if isinstance(self.team2_player_ids, Unset):
            team2_player_ids = UNSET
        elif isinstance(self.team2_player_ids, list):
            team2_player_ids = self.team2_player_ids

        else:
            team2_player_ids = self.team2_player_ids

        team2_players: list[str] | None | Unset
        if isinstance(self.team2_players, Unset):
            team2_players = UNSET
        elif isinstance(self.team2_players, list):
            team2_players = self.team2_players

        else:
            team2_players = self.team2_players

        played_on: None | str | Unset
        if isinstance(self.played_on, Unset):
            played_on = UNSET
        elif isinstance(self.played_on, datetime.date):
            played_on = self.played_on.isoformat()
        else:
            played_on = self.played_on

        map_id: int | None | Unset
        if isinstance(self.map_id, Unset):
            map_id = UNSET
        else:
            map_id = self.map_id

        map_: None | str | Unset
        if isinstance(self.map_, Unset):
            map_ = UNSET
        else:
            map_ = self.map_

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if team1_id is not UNSET:
            field_dict["team1_id"] = team1_id
        if team1 is not UNSET:
            field_dict["team1"] = team1
        if team2_id is not UNSET:
            field_dict["team2_id"] = team2_id
        if team2 is not UNSET:
            field_dict["team2"] = team2
        if team1_player_ids is not UNSET:
            field_dict["team1_player_ids"] = team1_player_ids
        if team1_players is not UNSET:
            field_dict["team1_players"] = team1_players
        if team2_player_ids is not UNSET:
            field_dict["team2_player_ids"] = team2_player_ids
        if team2_players is not UNSET:
            field_dict["team2_players"] = team2_players
        if played_on is not UNSET:
            field_dict["played_on"] = played_on
        if map_id is not UNSET:
            field_dict["map_id"] = map_id
        if map_ is not UNSET:
            field_dict["map"] = map_

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_team1_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        team1_id = _parse_team1_id(d.pop("team1_id", UNSET))

        def _parse_team1(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        team1 = _parse_team1(d.pop("team1", UNSET))

        def _parse_team2_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        team2_id = _parse_team2_id(d.pop("team2_id", UNSET))

        def _parse_team2(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        team2 = _parse_team2(d.pop("team2", UNSET))

        def _parse_team1_player_ids(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                team1_player_ids_type_0 = cast(list[int], data)

                return team1_player_ids_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        team1_player_ids = _parse_team1_player_ids(d.pop("team1_player_ids", UNSET))

        def _parse_team1_players(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                team1_players_type_0 = cast(list[str], data)

                return team1_players_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        team1_players = _parse_team1_players(d.pop("team1_players", UNSET))

        def _parse_team2_player_ids(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                team2_player_ids_type_0 = cast(list[int], data)

                return team2_player_ids_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        team2_player_ids = _parse_team2_player_ids(d.pop("team2_player_ids", UNSET))

        def _parse_team2_players(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                team2_players_type_0 = cast(list[str], data)

                return team2_players_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        team2_players = _parse_team2_players(d.pop("team2_players", UNSET))

        def _parse_played_on(data: object) -> datetime.date | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                played_on_type_0 = datetime.date.fromisoformat(data)

                return played_on_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None | Unset, data)

        played_on = _parse_played_on(d.pop("played_on", UNSET))

        def _parse_map_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        map_id = _parse_map_id(d.pop("map_id", UNSET))

        def _parse_map_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        map_ = _parse_map_(d.pop("map", UNSET))

        batch_request_forecast_request = cls(
            team1_id=team1_id,
            team1=team1,
            team2_id=team2_id,
            team2=team2,
            team1_player_ids=team1_player_ids,
            team1_players=team1_players,
            team2_player_ids=team2_player_ids,
            team2_players=team2_players,
            played_on=played_on,
            map_id=map_id,
            map_=map_,
        )

        return batch_request_forecast_request
