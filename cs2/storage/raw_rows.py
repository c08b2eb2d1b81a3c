"""Rows as a source published them, and the ones that could not be used."""

from datetime import date
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index
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


class SourceResponse(Base):
    """What an HTTP interface answered about one thing: rows are parsed from here, so it is never asked twice.

    Only the newest answer is kept, and no row of ``raw_rows`` need be made of it: that table keeps every version of
    what could be read, this one also what could not.
    """

    __tablename__ = "source_responses"

    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """What was asked for, in the source's own word; ``unread`` for a list of another form."""
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """The source's own number."""
    fetched_at: Mapped[CreatedAt]
    payload: Mapped[Any] = mapped_column(JSON)
    """As it came: JSONB would sort its fields, and refuses some texts."""


class SourceState(Base):
    """Where a source's fetching stands: cursor, pause, the last problem."""

    __tablename__ = "source_state"

    source: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
