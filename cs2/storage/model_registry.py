"""Registry of model versions and rating snapshots. Its rows decide what the API serves.

This module alone changes the status of a model, and stores snapshots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, LargeBinary, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.storage.base import Base, CreatedAt, IntKey, Moment


class ModelStatus(StrEnum):
    """State of a model version."""

    CANDIDATE = "candidate"
    CHAMPION = "champion"
    RETIRED = "retired"
    REFUSED = "refused"


class EstimatorKind(StrEnum):
    """Kinds of models that are trained. Only the logistic regression is served."""

    ELO = "elo"
    LOGISTIC = "logistic_regression"
    BOOSTING = "hist_gradient_boosting"


class SnapshotRow(Base):
    """All ratings as of the end of one day, as one compact blob (``cs2.forecasting.ratings.snapshot``)."""

    __tablename__ = "rating_snapshots"

    id: Mapped[IntKey]
    as_of: Mapped[date]
    """Last day whose results the ratings contain."""
    features_version: Mapped[int]
    sha256: Mapped[str]
    """Digest of ``data``, in hexadecimal. Not unique: undoing a correction restores the earlier ratings."""
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    n_rated: Mapped[int]
    """Number of rated rows in the ratings."""
    created_at: Mapped[CreatedAt]


class ModelRow(Base):
    """One version of a model. At most one row is the champion, which is served."""

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
    """The Dagster run that trained the model."""
    artifact_uri: Mapped[str]
    """Address of the blob in MLflow: ``mlflow-artifacts:/…/model.skops``."""
    sha256: Mapped[str]
    """Digest of the blob, in hexadecimal."""
    features_version: Mapped[int]
    feature_names: Mapped[list[str]] = mapped_column(JSONB)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Parameters of the training."""
    regression_cases: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Feature rows with the probabilities that this model must return for them."""
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reasons: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default=text("'[]'::jsonb"))
    """The gate's claims with their values, failed ones first."""
    trained_from: Mapped[date]
    trained_through: Mapped[date]
    n_maps: Mapped[int]
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("rating_snapshots.id"), index=True)
    """The ratings that were current when the model was trained."""
    created_at: Mapped[CreatedAt]
    judged_at: Mapped[Moment | None]
    """When the gate decided. Only a candidate with a gate result can become champion."""
    promoted_at: Mapped[Moment | None]


class PromotionRefusedError(Exception):
    """The version cannot become champion."""


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """The newest ratings after :func:`store_snapshot`."""

    id: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class ServedVersions:
    """The champion and the newest ratings."""

    model_version: int | None
    snapshot_id: int | None


def store_snapshot(
    session: Session, *, as_of: date, features_version: int, data: bytes, n_rated: int
) -> StoredSnapshot:
    """Add ratings as a row, unless the newest row holds the same bytes.

    Args:
        session: An open session; the caller commits.
        as_of: Last day whose results the ratings contain.
        features_version: Version of the features that are computed from these ratings.
        data: ``RatingSnapshot.to_bytes()``.
        n_rated: Number of rated rows in the ratings.
    """
    digest = sha256(data).hexdigest()
    _lock_for_writing(session, SnapshotRow.__tablename__)
    newest = get_latest_snapshot(session)
    if newest is not None and (newest.sha256, newest.features_version) == (digest, features_version):
        return StoredSnapshot(newest.id, is_new=False)
    row = SnapshotRow(as_of=as_of, features_version=features_version, sha256=digest, data=data, n_rated=n_rated)
    session.add(row)
    session.flush()
    return StoredSnapshot(row.id, is_new=True)


def get_latest_snapshot(session: Session) -> SnapshotRow | None:
    """Return the newest ratings; reading ``data`` loads the bytes."""
    return session.scalars(select(SnapshotRow).order_by(SnapshotRow.id.desc()).limit(1)).one_or_none()


def get_champion(session: Session) -> ModelRow | None:
    """Return the served model."""
    return session.scalars(select(ModelRow).where(ModelRow.status == ModelStatus.CHAMPION)).one_or_none()


def get_latest_model(session: Session, *conditions: ColumnElement[bool]) -> ModelRow | None:
    """Return the newest version that meets all conditions."""
    query = select(ModelRow).where(*conditions).order_by(ModelRow.version.desc()).limit(1)
    return session.scalars(query).one_or_none()


def get_model_of_run(session: Session, dagster_run_id: str) -> ModelRow | None:
    """Return the version that a Dagster run trained; the newest one if the run was retried."""
    return get_latest_model(session, ModelRow.dagster_run_id == dagster_run_id)


def get_challenger(session: Session) -> ModelRow | None:
    """Return the newest version after the champion that is not served."""
    statuses = (ModelStatus.CANDIDATE, ModelStatus.REFUSED)
    return get_latest_model(session, ModelRow.status.in_(statuses), _is_after(get_champion(session)))


def get_promotable(session: Session) -> ModelRow:
    """Return the newest candidate after the champion that passed the gate.

    Raises:
        PromotionRefusedError: If there is none.
    """
    has_passed = (ModelRow.status == ModelStatus.CANDIDATE, ModelRow.judged_at.is_not(None))
    row = get_latest_model(session, *has_passed, _is_after(get_champion(session)))
    if row is None:
        raise PromotionRefusedError("no candidate after the champion has passed the gate")
    return row


def get_served_versions(session: Session) -> ServedVersions:
    """Return the versions of the champion and of the newest ratings."""
    champion, snapshot = get_champion(session), get_latest_snapshot(session)
    return ServedVersions(champion.version if champion else None, snapshot.id if snapshot else None)


def record_gate_result(
    session: Session, version: int, *, passed: bool, reasons: Sequence[str], metrics: Mapping[str, Any]
) -> ModelRow:
    """Write the gate's result to a candidate. A candidate that did not pass is refused for good.

    Raises:
        PromotionRefusedError: If the version is unknown, or is not a candidate.
    """
    row = session.get(ModelRow, version, with_for_update=True)
    if row is None or row.status != ModelStatus.CANDIDATE:
        raise PromotionRefusedError(f"version {version} is {row.status if row else 'unknown'}, not a candidate")
    row.reasons = list(reasons)
    row.metrics = {**row.metrics, **metrics}
    row.judged_at = func.now()
    if not passed:
        row.status = ModelStatus.REFUSED
    session.flush()
    return row


def promote(session: Session, version: int) -> ModelRow:
    """Make a version the champion and retire the current one. A retired version can be promoted again.

    Both changes become visible with the caller's commit.

    Raises:
        PromotionRefusedError: If the version is unknown or refused, has no gate result, or needs features that this
            code does not compute.
    """
    _lock_for_writing(session, ModelRow.__tablename__)
    row = session.get(ModelRow, version, with_for_update=True, populate_existing=True)
    if row is None:
        raise PromotionRefusedError(f"there is no version {version}")
    if row.status == ModelStatus.REFUSED:
        raise PromotionRefusedError(f"the gate refused version {version}: {'; '.join(row.reasons)}")
    if row.judged_at is None:
        raise PromotionRefusedError(f"version {version} has no gate result yet")
    if row.features_version != FEATURES_VERSION:
        raise PromotionRefusedError(
            f"version {version} needs features of version {row.features_version}, this code computes {FEATURES_VERSION}"
        )
    champion = get_champion(session)
    if champion is not None and champion.version == version:
        return champion
    if champion is not None:
        champion.status = ModelStatus.RETIRED
        session.flush()  # first: the index allows one champion at any moment
    row.status = ModelStatus.CHAMPION
    row.promoted_at = func.now()
    session.flush()
    return row


def roll_back(session: Session) -> ModelRow:
    """Promote the champion before the current one. A second call goes back one version further.

    Raises:
        PromotionRefusedError: If there is no earlier champion that can be served.
    """
    _lock_for_writing(session, ModelRow.__tablename__)
    champion = get_champion(session)
    can_be_served = (ModelRow.status == ModelStatus.RETIRED, ModelRow.features_version == FEATURES_VERSION)
    earlier = get_latest_model(session, *can_be_served, ModelRow.version < (champion.version if champion else 0))
    if earlier is None:
        raise PromotionRefusedError("there is no earlier champion that can be served")
    return promote(session, earlier.version)


def _is_after(champion: ModelRow | None) -> ColumnElement[bool]:
    return ModelRow.version > (champion.version if champion else 0)


def _lock_for_writing(session: Session, table: str) -> None:
    """Wait for other writers of the table, without blocking readers."""
    session.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
