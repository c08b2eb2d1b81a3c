"""Quality of the scored forecasts, by group."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from cs2.storage.base import Base, CreatedAt


class LiveQuality(Base):
    """Scores of a group of forecasts, and of the baselines on the same matches. Each run rebuilds the whole table."""

    __tablename__ = "live_quality"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """map or series"""
    grouping: Mapped[str] = mapped_column(primary_key=True)
    """all, week, model, tier or map"""
    value: Mapped[str] = mapped_column(primary_key=True)
    """The group: a week as 2026-W01, a model by its version, empty for all."""
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    alarm_reason: Mapped[str | None]
    """Why a model's quality is out of its band; starts a training."""
    computed_at: Mapped[CreatedAt]


def get_alarm_reason(session: Session, version: int) -> str | None:
    """Return why the live quality of a version is out of its band; None if it is not, or is not known yet."""
    query = (
        select(LiveQuality.alarm_reason)
        .where(
            LiveQuality.grouping == "model", LiveQuality.value == str(version), LiveQuality.alarm_reason.is_not(None)
        )
        .order_by(LiveQuality.kind)
    )
    reasons = session.scalars(query).all()
    return "; ".join(reason for reason in reasons if reason) or None
