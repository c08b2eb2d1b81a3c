from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.turnout_winner import TurnoutWinner, check_turnout_winner

if TYPE_CHECKING:
    from ..models.turnout_baselines import TurnoutBaselines


T = TypeVar("T", bound="Turnout")


@_attrs_define
class Turnout:
    """The result of a forecast's match.

    Attributes:
        winner (TurnoutWinner):
        played_on (datetime.date):
        tier (str):
        baselines (TurnoutBaselines):
    """

    winner: TurnoutWinner
    played_on: datetime.date
    tier: str
    baselines: TurnoutBaselines
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        winner: int = self.winner

        played_on = self.played_on.isoformat()

        tier = self.tier

        baselines = self.baselines.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "winner": winner,
                "played_on": played_on,
                "tier": tier,
                "baselines": baselines,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.turnout_baselines import TurnoutBaselines  # noqa: PLC0415

        d = dict(src_dict)
        winner = check_turnout_winner(d.pop("winner"))

        played_on = datetime.date.fromisoformat(d.pop("played_on"))

        tier = d.pop("tier")

        baselines = TurnoutBaselines.from_dict(d.pop("baselines"))

        turnout = cls(
            winner=winner,
            played_on=played_on,
            tier=tier,
            baselines=baselines,
        )

        turnout.additional_properties = d
        return turnout

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
