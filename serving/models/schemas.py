"""What the model endpoints take and give."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cs2.messages import Identifier
from cs2.storage.model_registry import ModelRow, ModelStatus


class Calibration(BaseModel):
    """Recalibration fitted to the model's forecasts of maps it had not seen: 1 and 0 are perfect."""

    slope: float
    intercept: float


class Model(BaseModel):
    """One version of a model."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    version: int
    status: ModelStatus
    estimator: str
    trained_from: date
    trained_through: date
    n_maps: int
    """Maps it was trained on."""
    features_version: int
    snapshot_id: int
    """Ratings that were current when it was trained."""
    mlflow_run_id: str
    metrics: dict[str, Any]
    """Of held-out maps before the gate, and under ``gate`` what the gate measured."""
    calibration: Calibration | None = None
    reasons: list[str]
    """What the gate said."""
    created_at: datetime
    judged_at: datetime | None
    promoted_at: datetime | None


class ModelPage(BaseModel):
    """Versions, the newest first."""

    items: list[Model]
    next_before: int | None
    """Send it as ``before`` for the next page; none at the end."""


class ModelQuery(BaseModel):
    """Which versions are wanted."""

    model_config = ConfigDict(extra="forbid")

    status: ModelStatus | None = None
    before: Identifier | None = Field(default=None, description="Version behind which the page starts (`next_before`).")
    limit: int = Field(default=50, ge=1, le=500)


class Promoted(BaseModel):
    """What became champion."""

    model: Model
    announced: bool
    """Whether Redis took the announcement; if not, each service finds out by itself within seconds."""


def shown(row: ModelRow) -> Model:
    """A row as it is shown."""
    model = Model.model_validate(row)
    measured = row.metrics.get("gate") or {
        "slope": row.metrics.get("calibration_slope"),
        "intercept": row.metrics.get("calibration_intercept"),
    }
    slope, intercept = measured.get("slope"), measured.get("intercept")
    if slope is None or intercept is None:
        return model
    return model.model_copy(update={"calibration": Calibration(slope=slope, intercept=intercept)})
