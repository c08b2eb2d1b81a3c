from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.named import Named


T = TypeVar("T", bound="TeamUsed")


@_attrs_define
class TeamUsed:
    """A team with the five players of the forecast; empty if no lineup is known.

    Attributes:
        id (int):
        name (str):
        players (list[Named]):
    """

    id: int
    name: str
    players: list[Named]

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        players = []
        for players_item_data in self.players:
            players_item = players_item_data.to_dict()
            players.append(players_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "name": name,
                "players": players,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.named import Named  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        players = []
        _players = d.pop("players")
        for players_item_data in _players:
            players_item = Named.from_dict(players_item_data)

            players.append(players_item)

        team_used = cls(
            id=id,
            name=name,
            players=players,
        )

        return team_used
