"""Live quality: scores of forecasts by group."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from cs2.storage.base import Base, CreatedAt


class LiveQuality(Base):
    """Scores of one group of forecasts, with the baselines on the same matches. Rebuilt by every evaluation."""

    __tablename__ = "live_quality"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """map or series"""
    grouping: Mapped[str] = mapped_column(primary_key=True)
    """all, week, model, tier or map"""
    value: Mapped[str] = mapped_column(primary_key=True)
    """The group: a week as 2026-W01, a model by its version, empty for all."""
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    alarm_reason: Mapped[str | None]
    """Why a model's quality is out of bounds, which starts a training. NULL for other groups."""
    computed_at: Mapped[CreatedAt]


def get_alarm_reason(session: Session, version: int) -> str | None:
    """Return why the live quality of a version is out of bounds; None if it is not, or is not known yet."""
    query = (
        select(LiveQuality.alarm_reason)
        .where(
            LiveQuality.grouping == "model", LiveQuality.value == str(version), LiveQuality.alarm_reason.is_not(None)
        )
        .order_by(LiveQuality.kind)
    )
    reasons = session.scalars(query).all()
    return "; ".join(reason for reason in reasons if reason) or None
