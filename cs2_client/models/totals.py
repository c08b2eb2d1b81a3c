from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.recorded_bin import RecordedBin
    from ..models.scores import Scores
    from ..models.totals_baselines import TotalsBaselines
    from ..models.totals_by_status import TotalsByStatus


T = TypeVar("T", bound="Totals")


@_attrs_define
class Totals:
    """Totals of the whole record, the same on every page.

    Attributes:
        matches (int):
        by_status (TotalsByStatus):
        scores (None | Scores):
        baselines (TotalsBaselines):
        calibration (list[RecordedBin]):
    """

    matches: int
    by_status: TotalsByStatus
    scores: None | Scores
    baselines: TotalsBaselines
    calibration: list[RecordedBin]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.scores import Scores  # noqa: PLC0415

        matches = self.matches

        by_status = self.by_status.to_dict()

        scores: dict[str, Any] | None
        if isinstance(self.scores, Scores):
            scores = self.scores.to_dict()
        else:
            scores = self.scores

        baselines = self.baselines.to_dict()

        calibration = []
        for calibration_item_data in self.calibration:
            calibration_item = calibration_item_data.to_dict()
            calibration.append(calibration_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "matches": matches,
                "by_status": by_status,
                "scores": scores,
                "baselines": baselines,
                "calibration": calibration,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.recorded_bin import RecordedBin  # noqa: PLC0415
        from ..models.scores import Scores  # noqa: PLC0415
        from ..models.totals_baselines import TotalsBaselines  # noqa: PLC0415
        from ..models.totals_by_status import TotalsByStatus  # noqa: PLC0415

        d = dict(src_dict)
        matches = d.pop("matches")

        by_status = TotalsByStatus.from_dict(d.pop("by_status"))

        def _parse_scores(data: object) -> None | Scores:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                scores_type_0 = Scores.from_dict(data)

                return scores_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Scores, data)

        scores = _parse_scores(d.pop("scores"))

        baselines = TotalsBaselines.from_dict(d.pop("baselines"))

        calibration = []
        _calibration = d.pop("calibration")
        for calibration_item_data in _calibration:
            calibration_item = RecordedBin.from_dict(calibration_item_data)

            calibration.append(calibration_item)

        totals = cls(
            matches=matches,
            by_status=by_status,
            scores=scores,
            baselines=baselines,
            calibration=calibration,
        )

        totals.additional_properties = d
        return totals

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
