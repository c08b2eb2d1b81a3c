"""Model versions and rating snapshots: the one truth of what is served.

Only this module writes the rows of ``ml_models`` and ``rating_snapshots``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column
from uuid_utils import uuid7

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.messages import AnnouncementKind, ModelAnnouncement
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


class PromotionRefusedError(Exception):
    """The version may not become champion."""


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """The newest ratings after :func:`store_snapshot`."""

    id: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Served:
    """What the rows say is served."""

    model_version: int | None
    snapshot_id: int | None

    def announcement(self, kind: AnnouncementKind) -> ModelAnnouncement:
        """The message for ``ml_models``, to be sent after the commit."""
        return ModelAnnouncement(
            event_id=str(uuid7()),
            kind=kind,
            model_version=self.model_version,
            snapshot_id=self.snapshot_id,
            published_at=datetime.now(UTC),
        )


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
    _one_writer(session, RatingSnapshot.__tablename__)
    newest = latest_snapshot(session)
    if newest is not None and (newest.sha256, newest.features_version) == (digest, features_version):
        return StoredSnapshot(newest.id, is_new=False)
    row = RatingSnapshot(as_of=as_of, features_version=features_version, sha256=digest, data=data, n_rated=n_rated)
    session.add(row)
    session.flush()
    return StoredSnapshot(row.id, is_new=True)


def latest_snapshot(session: Session) -> RatingSnapshot | None:
    """The newest ratings, without their bytes until these are asked for."""
    return session.scalars(select(RatingSnapshot).order_by(RatingSnapshot.id.desc()).limit(1)).one_or_none()


def champion(session: Session) -> MlModel | None:
    """The model that is served."""
    return session.scalars(select(MlModel).where(MlModel.status == ModelStatus.CHAMPION)).one_or_none()


def latest_model(session: Session) -> MlModel | None:
    """The newest version, whatever became of it."""
    return session.scalars(select(MlModel).order_by(MlModel.version.desc()).limit(1)).one_or_none()


def model_of_run(session: Session, dagster_run_id: str) -> MlModel | None:
    """The version that a Dagster run trained, the newest when it was retried."""
    query = select(MlModel).where(MlModel.dagster_run_id == dagster_run_id).order_by(MlModel.version.desc()).limit(1)
    return session.scalars(query).one_or_none()


def served(session: Session) -> Served:
    """Champion and newest ratings."""
    best, ratings = champion(session), latest_snapshot(session)
    return Served(None if best is None else best.version, None if ratings is None else ratings.id)


def judge_candidate(
    session: Session, version: int, *, passed: bool, reasons: Sequence[str], metrics: Mapping[str, Any]
) -> MlModel:
    """Write the gate's verdict on a candidate: one that did not pass is refused for good.

    Raises:
        PromotionRefusedError: If the version is unknown or no candidate any more.
    """
    row = session.get(MlModel, version, with_for_update=True)
    if row is None or row.status != ModelStatus.CANDIDATE:
        raise PromotionRefusedError(f"version {version} is {row.status if row else 'unknown'}: no candidate to judge")
    row.reasons = list(reasons)
    row.metrics = {**row.metrics, **metrics}
    row.judged_at = func.now()
    if not passed:
        row.status = ModelStatus.REFUSED
    session.flush()
    return row


def promote(session: Session, version: int) -> MlModel:
    """Make a version the champion and retire the one before it; a retired version may come back.

    The caller's commit makes both visible at once; readers see the old champion until then.

    Raises:
        PromotionRefusedError: If the version is unknown, refused, was never judged, or needs features that this code
            does not compute.
    """
    _one_writer(session, MlModel.__tablename__)
    row = session.get(MlModel, version, with_for_update=True, populate_existing=True)
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
    before = champion(session)
    if before is not None and before.version == version:
        return before
    if before is not None:
        before.status = ModelStatus.RETIRED
        session.flush()  # first, as the index allows one champion at any moment
    row.status = ModelStatus.CHAMPION
    row.promoted_at = func.now()
    session.flush()
    return row


def roll_back(session: Session) -> MlModel:
    """Make the champion before the present one champion again; done twice it goes one further back.

    Raises:
        PromotionRefusedError: If there is no earlier champion that can be served.
    """
    _one_writer(session, MlModel.__tablename__)
    best = champion(session)
    earlier = (
        select(MlModel.version)
        .where(MlModel.status == ModelStatus.RETIRED, MlModel.features_version == FEATURES_VERSION)
        .where(MlModel.version < (best.version if best else 0))
        .order_by(MlModel.version.desc())
        .limit(1)
    )
    version = session.scalar(earlier)
    if version is None:
        raise PromotionRefusedError("there is no earlier champion that can be served")
    return promote(session, version)


def _one_writer(session: Session, table: str) -> None:
    """Wait for other writers of the table; readers go on."""
    session.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
