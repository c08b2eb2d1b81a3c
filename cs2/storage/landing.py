"""Rows as a source published them, and the ones that could not be used."""

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, BigKey, CreatedAt


class RawRow(Base):
    """One version of one published row. A correction is a new version; the one with the highest id wins."""

    __tablename__ = "raw_rows"
    __table_args__ = (
        # Not unique by content: a correction that is taken back is a third version.
        Index(None, "source", "kind", "row_key", "id"),
        Index(None, "source", "kind", "month"),
    )

    id: Mapped[BigKey]
    source: Mapped[str]
    kind: Mapped[str]
    """map, series, standing, player_map or fixture."""
    month: Mapped[date]
    """First day of the month of play or publication: the partition."""
    row_key: Mapped[str]
    """What the row is about, within source and kind: versions of one row share it."""
    content_hash: Mapped[str]
    """SHA-256 of the canonical payload, in hexadecimal."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    arrived_at: Mapped[CreatedAt]


class RejectedRow(Base):
    """A landed row that could not be used, with every reason."""

    __tablename__ = "rejected_rows"

    raw_row_id: Mapped[int] = mapped_column(ForeignKey("raw_rows.id", ondelete="CASCADE"), primary_key=True)
    reasons: Mapped[list[str]] = mapped_column(JSONB)
    rejected_at: Mapped[CreatedAt]
