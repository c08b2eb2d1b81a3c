"""Model versions and rating snapshots: the one truth of what is served.

Only this module writes the rows of ``ml_models`` and ``rating_snapshots``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
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


class SnapshotRow(Base):
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


class ModelRow(Base):
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
    regression_cases: Mapped[dict[str, Any]] = mapped_column(JSONB)
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


class PromotionRefusedError(Exception):
    """The version may not become champion."""


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """The newest ratings after :func:`store_snapshot`."""

    id: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class ServedVersions:
    """What the rows say is served."""

    model_version: int | None
    snapshot_id: int | None


def store_snapshot(
    session: Session, *, as_of: date, features_version: int, data: bytes, n_rated: int
) -> StoredSnapshot:
    """Add the ratings as a row, unless the newest row holds the same bytes.

    Args:
        session: An open session; the caller commits.
        as_of: Last day of which anything was learned.
        features_version: Version of the features that these ratings feed.
        data: ``RatingSnapshot.to_bytes()``.
        n_rated: Rated rows that were learned.
    """
    digest = sha256(data).hexdigest()
    _one_writer(session, SnapshotRow.__tablename__)
    newest = get_latest_snapshot(session)
    if newest is not None and (newest.sha256, newest.features_version) == (digest, features_version):
        return StoredSnapshot(newest.id, is_new=False)
    row = SnapshotRow(as_of=as_of, features_version=features_version, sha256=digest, data=data, n_rated=n_rated)
    session.add(row)
    session.flush()
    return StoredSnapshot(row.id, is_new=True)


def get_latest_snapshot(session: Session) -> SnapshotRow | None:
    """The newest ratings, without their bytes until these are asked for."""
    return session.scalars(select(SnapshotRow).order_by(SnapshotRow.id.desc()).limit(1)).one_or_none()


def get_champion(session: Session) -> ModelRow | None:
    """The model that is served."""
    return session.scalars(select(ModelRow).where(ModelRow.status == ModelStatus.CHAMPION)).one_or_none()


def get_latest_model(session: Session) -> ModelRow | None:
    """The newest version, whatever became of it."""
    return session.scalars(select(ModelRow).order_by(ModelRow.version.desc()).limit(1)).one_or_none()


def get_model_of_run(session: Session, dagster_run_id: str) -> ModelRow | None:
    """The version that a Dagster run trained, the newest when it was retried."""
    query = select(ModelRow).where(ModelRow.dagster_run_id == dagster_run_id).order_by(ModelRow.version.desc()).limit(1)
    return session.scalars(query).one_or_none()


def get_served_versions(session: Session) -> ServedVersions:
    """Champion and newest ratings."""
    best, ratings = get_champion(session), get_latest_snapshot(session)
    return ServedVersions(None if best is None else best.version, None if ratings is None else ratings.id)


def record_gate_result(
    session: Session, version: int, *, passed: bool, reasons: Sequence[str], metrics: Mapping[str, Any]
) -> ModelRow:
    """Write the gate's verdict on a candidate: one that did not pass is refused for good.

    Raises:
        PromotionRefusedError: If the version is unknown or no candidate any more.
    """
    row = session.get(ModelRow, version, with_for_update=True)
    if row is None or row.status != ModelStatus.CANDIDATE:
        raise PromotionRefusedError(f"version {version} is {row.status if row else 'unknown'}: no candidate to judge")
    row.reasons = list(reasons)
    row.metrics = {**row.metrics, **metrics}
    row.judged_at = func.now()
    if not passed:
        row.status = ModelStatus.REFUSED
    session.flush()
    return row


def promote(session: Session, version: int) -> ModelRow:
    """Make a version the champion and retire the one before it; a retired version may come back.

    The caller's commit makes both visible at once; readers see the old champion until then.

    Raises:
        PromotionRefusedError: If the version is unknown, refused, was never judged, or needs features that this code
            does not compute.
    """
    _one_writer(session, ModelRow.__tablename__)
    row = session.get(ModelRow, version, with_for_update=True, populate_existing=True)
    if row is None:
        raise PromotionRefusedError(f"there is no version {version}")
    if row.status == ModelStatus.REFUSED:
        raise PromotionRefusedError(f"the gate refused version {version}: {'; '.join(row.reasons)}")
    if row.judged_at is None:
        raise PromotionRefusedError(f"the gate has not judged version {version}")
    if row.features_version != FEATURES_VERSION:
        raise PromotionRefusedError(
            f"version {version} needs features of version {row.features_version}, this code computes {FEATURES_VERSION}"
        )
    before = get_champion(session)
    if before is not None and before.version == version:
        return before
    if before is not None:
        before.status = ModelStatus.RETIRED
        session.flush()  # first, as the index allows one champion at any moment
    row.status = ModelStatus.CHAMPION
    row.promoted_at = func.now()
    session.flush()
    return row


def roll_back(session: Session) -> ModelRow:
    """Make the champion before the present one champion again; done twice it goes one further back.

    Raises:
        PromotionRefusedError: If there is no earlier champion that can be served.
    """
    _one_writer(session, ModelRow.__tablename__)
    best = get_champion(session)
    earlier = (
        select(ModelRow.version)
        .where(ModelRow.status == ModelStatus.RETIRED, ModelRow.features_version == FEATURES_VERSION)
        .where(ModelRow.version < (best.version if best else 0))
        .order_by(ModelRow.version.desc())
        .limit(1)
    )
    version = session.scalar(earlier)
    if version is None:
        raise PromotionRefusedError("there is no earlier champion that can be served")
    return promote(session, version)


def _one_writer(session: Session, table: str) -> None:
    """Wait for other writers of the table; readers go on."""
    session.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
