"""Model versions and rating snapshots: the one truth of what is served."""

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, CreatedAt, IntKey, Moment


class ModelStatus(StrEnum):
    """The life of a model version."""

    CANDIDATE = "candidate"
    CHAMPION = "champion"
    RETIRED = "retired"
    REFUSED = "refused"


class EstimatorKind(StrEnum):
    """Kinds of models that are trained; only the logistic regression is served."""

    ELO = "elo"
    LOGISTIC = "logistic_regression"
    BOOSTING = "hist_gradient_boosting"


class RatingSnapshot(Base):
    """All ratings as of the end of one day, in one compact blob (``cs2.forecasting.ratings.snapshot``)."""

    __tablename__ = "rating_snapshots"

    id: Mapped[IntKey]
    as_of: Mapped[date]
    """Everything learned through this day is in it."""
    features_version: Mapped[int]
    sha256: Mapped[str]
    """Of ``data``, in hexadecimal. Not unique: a correction that is taken back brings old ratings back."""
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    n_rated: Mapped[int]
    """Rated rows that were learned."""
    created_at: Mapped[CreatedAt]


class MlModel(Base):
    """One version of a model. At most one row is the champion: that one is served."""

    __tablename__ = "ml_models"
    __table_args__ = (
        CheckConstraint("status IN ('candidate', 'champion', 'retired', 'refused')", name="status_known"),
        Index("uq_ml_models_one_champion", "status", unique=True, postgresql_where=text("status = 'champion'")),
    )

    version: Mapped[IntKey]
    status: Mapped[str]
    estimator: Mapped[str]
    """An :class:`EstimatorKind`."""
    mlflow_run_id: Mapped[str] = mapped_column(unique=True)
    dagster_run_id: Mapped[str] = mapped_column(index=True)
    """The run that trained it."""
    artifact_uri: Mapped[str]
    """Of the blob, as MLflow names it: ``mlflow-artifacts:/…/model.skops``."""
    sha256: Mapped[str]
    """Of the blob, in hexadecimal."""
    features_version: Mapped[int]
    feature_names: Mapped[list[str]] = mapped_column(JSONB)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What a forecast needs beside the estimator: interval and series parameters."""
    golden: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Feature rows with the probabilities that this model must answer to them."""
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reasons: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default=text("'[]'::jsonb"))
    """What the gate said."""
    trained_from: Mapped[date]
    trained_through: Mapped[date]
    n_maps: Mapped[int]
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("rating_snapshots.id"), index=True)
    """The ratings that were current when it was trained."""
    created_at: Mapped[CreatedAt]
    judged_at: Mapped[Moment | None]
    """When the gate decided; only a judged candidate can become champion."""
    promoted_at: Mapped[Moment | None]


class LiveQuality(Base):
    """How good the judged forecasts of a group were, beside the baselines on the same matches. Rebuilt whole."""

    __tablename__ = "live_quality"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """map or series"""
    grouping: Mapped[str] = mapped_column(primary_key=True)
    """all, week, model, tier or map"""
    value: Mapped[str] = mapped_column(primary_key=True)
    """Which one; a week as 2026-W01, a model by its version, nothing for all."""
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fell: Mapped[str | None]
    """Of a model whose quality is out of its band: why. It asks for training."""
    computed_at: Mapped[CreatedAt]
