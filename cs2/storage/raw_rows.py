"""Rows as published by the sources, rows that could not be used, and responses of HTTP interfaces."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, BigKey, CreatedAt, IntKey


class RawRow(Base):
    """One version of one published row. A correction is a new version; the one with the highest id wins.

    A version with a ``retraction`` says that the source no longer has the row.
    """

    __tablename__ = "raw_rows"
    __table_args__ = (
        # Not unique by content: a correction that is reverted is a third version.
        Index(None, "source", "kind", "row_key", "id"),
        Index(None, "source", "kind", "month"),
    )

    id: Mapped[BigKey]
    source: Mapped[str]
    kind: Mapped[str]
    """map, series, standing, player_map, fixture, lineup, veto or identity."""
    month: Mapped[date]
    """First day of the month of play or publication: the partition."""
    row_key: Mapped[str]
    """Identifies the row within source and kind: versions of one row share it."""
    content_hash: Mapped[str]
    """SHA-256 of the canonical payload, in hexadecimal."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Of a retraction: as the row was last published."""
    arrived_at: Mapped[CreatedAt]
    retraction: Mapped[str | None]
    """Why the source no longer has the row; null for a published version."""


class RowRetraction(Base):
    """An operator's decision that a row is not used, until it is restored. Later versions of the row do not end it."""

    __tablename__ = "row_retractions"
    __table_args__ = (
        Index(
            "ix_row_retractions_active",
            *("source", "kind", "row_key"),
            unique=True,
            postgresql_where=text("restored_at IS NULL"),
        ),
    )

    id: Mapped[IntKey]
    source: Mapped[str]
    kind: Mapped[str]
    row_key: Mapped[str]
    reason: Mapped[str]
    retracted_by: Mapped[str]
    retracted_at: Mapped[CreatedAt]
    restored_by: Mapped[str | None]
    restored_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ResultId(Base):
    """Every id that a map result, series or standing has ever had. None is given to another one.

    A corrected row takes its id along to its new key. A retracted row keeps its id for its return.
    """

    __tablename__ = "result_ids"
    # Deferred: one rebuild may exchange the keys of two ids.
    __table_args__ = (UniqueConstraint("result", "natural_key", deferrable=True, initially="DEFERRED"),)

    result: Mapped[str] = mapped_column(primary_key=True)
    """Table: map_results, series or standings."""
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    natural_key: Mapped[str]
    """As in that table; of a standing after its day and a space."""


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
    polled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When ``next_poll_at`` was set: a clock that was set back since then ends the pause."""
