"""Requests and answers of the model endpoints."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cs2.messages import Identifier
from cs2.storage.model_registry import ModelRow, ModelStatus


class Calibration(BaseModel):
    """Slope and intercept of a recalibration, fitted on maps outside the training data: 1 and 0 are perfect."""

    slope: float
    intercept: float


class Model(BaseModel):
    """A version of the model."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    version: int
    status: ModelStatus
    estimator: str
    trained_from: date
    trained_through: date
    n_maps: int
    """Number of maps in the training data."""
    features_version: int
    snapshot_id: int
    """Ratings that were current at the training."""
    mlflow_run_id: str
    metrics: dict[str, Any]
    """Metrics of held-out maps from the training; under ``gate``, those of the gate."""
    calibration: Calibration | None = None
    reasons: list[str]
    """The gate's reasons."""
    created_at: datetime
    judged_at: datetime | None
    promoted_at: datetime | None


class ModelPage(BaseModel):
    """Versions, the newest first."""

    items: list[Model]
    next_before: int | None
    """Send it as ``before`` for the next page; none at the end."""


class ModelQuery(BaseModel):
    """Filter and page of the list of versions."""

    model_config = ConfigDict(extra="forbid")

    status: ModelStatus | None = None
    before: Identifier | None = Field(
        default=None, description="Start of the page: only versions below this one (`next_before`)."
    )
    limit: int = Field(default=50, ge=1, le=500)


class Promoted(BaseModel):
    """The new champion."""

    model: Model
    announced: bool
    """Whether Redis published the announcement; if not, each process reads the champion within seconds."""


def build_model(row: ModelRow) -> Model:
    """Build the answer from a row. The gate's calibration takes precedence over that of the training."""
    model = Model.model_validate(row)
    calibration = row.metrics.get("gate") or {
        "slope": row.metrics.get("calibration_slope"),
        "intercept": row.metrics.get("calibration_intercept"),
    }
    slope, intercept = calibration.get("slope"), calibration.get("intercept")
    if slope is None or intercept is None:
        return model
    return model.model_copy(update={"calibration": Calibration(slope=slope, intercept=intercept)})
