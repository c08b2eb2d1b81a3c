"""Rows as published by the sources, rows that could not be used, and responses of HTTP interfaces."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, BigKey, CreatedAt


class RawRow(Base):
    """One version of one published row. A correction is a new version; the one with the highest id wins."""

    __tablename__ = "raw_rows"
    __table_args__ = (
        # Not unique by content: a correction that is reverted is a third version.
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
    """Identifies the row within source and kind: versions of one row share it."""
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


class SourceResponse(Base):
    """Newest response of an HTTP interface about one thing. Rows are parsed from it; it is never requested twice.

    ``raw_rows`` has every version of what could be parsed; this table also has what could not.
    """

    __tablename__ = "source_responses"
    __table_args__ = (Index(None, "source", "kind", "day"),)

    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """What was requested, in the source's own word; ``unexpected`` for a response of another structure."""
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """The source's own number."""
    fetched_at: Mapped[CreatedAt]
    day: Mapped[date | None]
    """Day that the response is about (UTC), for sources that are read month by month; else null."""
    payload: Mapped[Any] = mapped_column(JSON)
    """As received: JSONB would sort its fields and reject some texts."""


class SourceState(Base):
    """State of polling one HTTP interface."""

    __tablename__ = "source_state"

    source: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str | None]
    """Where the next fetch continues, in the source's own terms."""
    next_poll_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """No request before this time; null: poll at once."""
    problem: Mapped[str | None]
    """Why the last poll failed; null if it did not fail."""
    is_readable: Mapped[bool] = mapped_column(server_default=false())
    """Whether the fetched rows may be read: the fetch is complete, or they are released early."""
    next_release_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the rows of an incomplete fetch are released."""
