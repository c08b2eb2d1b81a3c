from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.model_status import ModelStatus, check_model_status
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.calibration import Calibration
    from ..models.model_metrics import ModelMetrics


T = TypeVar("T", bound="Model")


@_attrs_define
class Model:
    """A version of the model.

    Attributes:
        version (int):
        status (ModelStatus): State of a model version.
        estimator (str):
        trained_from (datetime.date):
        trained_through (datetime.date):
        n_maps (int):
        features_version (int):
        snapshot_id (int):
        mlflow_run_id (str):
        metrics (ModelMetrics):
        reasons (list[str]):
        created_at (datetime.datetime):
        judged_at (datetime.datetime | None):
        promoted_at (datetime.datetime | None):
        calibration (Calibration | None | Unset):
    """

    version: int
    status: ModelStatus
    estimator: str
    trained_from: datetime.date
    trained_through: datetime.date
    n_maps: int
    features_version: int
    snapshot_id: int
    mlflow_run_id: str
    metrics: ModelMetrics
    reasons: list[str]
    created_at: datetime.datetime
    judged_at: datetime.datetime | None
    promoted_at: datetime.datetime | None
    calibration: Calibration | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.calibration import Calibration  # noqa: PLC0415

        version = self.version

        status: str = self.status

        estimator = self.estimator

        trained_from = self.trained_from.isoformat()

        trained_through = self.trained_through.isoformat()

        n_maps = self.n_maps

        features_version = self.features_version

        snapshot_id = self.snapshot_id

        mlflow_run_id = self.mlflow_run_id

        metrics = self.metrics.to_dict()

        reasons = self.reasons

        created_at = self.created_at.isoformat()

        judged_at: None | str
        if isinstance(self.judged_at, datetime.datetime):
            judged_at = self.judged_at.isoformat()
        else:
            judged_at = self.judged_at

        promoted_at: None | str
        if isinstance(self.promoted_at, datetime.datetime):
            promoted_at = self.promoted_at.isoformat()
        else:
            promoted_at = self.promoted_at

        calibration: dict[str, Any] | None | Unset
        if isinstance(self.calibration, Unset):
            calibration = UNSET
        elif isinstance(self.calibration, Calibration):
            calibration = self.calibration.to_dict()
        else:
            calibration = self.calibration

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "version": version,
                "status": status,
                "estimator": estimator,
                "trained_from": trained_from,
                "trained_through": trained_through,
                "n_maps": n_maps,
                "features_version": features_version,
                "snapshot_id": snapshot_id,
                "mlflow_run_id": mlflow_run_id,
                "metrics": metrics,
                "reasons": reasons,
                "created_at": created_at,
                "judged_at": judged_at,
                "promoted_at": promoted_at,
            }
        )
        if calibration is not UNSET:
            field_dict["calibration"] = calibration

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.calibration import Calibration  # noqa: PLC0415
        from ..models.model_metrics import ModelMetrics  # noqa: PLC0415

        d = dict(src_dict)
        version = d.pop("version")

        status = check_model_status(d.pop("status"))

        estimator = d.pop("estimator")

        trained_from = datetime.date.fromisoformat(d.pop("trained_from"))

        trained_through = datetime.date.fromisoformat(d.pop("trained_through"))

        n_maps = d.pop("n_maps")

        features_version = d.pop("features_version")

        snapshot_id = d.pop("snapshot_id")

        mlflow_run_id = d.pop("mlflow_run_id")

        metrics = ModelMetrics.from_dict(d.pop("metrics"))

        reasons = cast(list[str], d.pop("reasons"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_judged_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                judged_at_type_0 = datetime.datetime.fromisoformat(data)

                return judged_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        judged_at = _parse_judged_at(d.pop("judged_at"))

        def _parse_promoted_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                promoted_at_type_0 = datetime.datetime.fromisoformat(data)

                return promoted_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        promoted_at = _parse_promoted_at(d.pop("promoted_at"))

        def _parse_calibration(data: object) -> Calibration | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                calibration_type_0 = Calibration.from_dict(data)

                return calibration_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Calibration | None | Unset, data)

        calibration = _parse_calibration(d.pop("calibration", UNSET))

        model = cls(
            version=version,
            status=status,
            estimator=estimator,
            trained_from=trained_from,
            trained_through=trained_through,
            n_maps=n_maps,
            features_version=features_version,
            snapshot_id=snapshot_id,
            mlflow_run_id=mlflow_run_id,
            metrics=metrics,
            reasons=reasons,
            created_at=created_at,
            judged_at=judged_at,
            promoted_at=promoted_at,
            calibration=calibration,
        )

        model.additional_properties = d
        return model

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
