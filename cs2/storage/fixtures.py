"""Matches to come, as the sources announce them. Rebuilt whole from ``raw_rows``."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base


class Fixture(Base):
    """A match that was announced; it stays when it was played, and when it was not."""

    __tablename__ = "fixtures"
    __table_args__ = (
        CheckConstraint("team1_id <> team2_id", name="two_teams"),
        CheckConstraint("best_of IN (1, 2, 3, 5)", name="best_of_known"),
        Index(None, "start_time", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """That of the first row of ``raw_rows`` that told of it: forecasts name it, so it must never be given again."""
    natural_key: Mapped[str] = mapped_column(unique=True)
    """Source and the source's own key."""
    source: Mapped[str]
    start_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    event: Mapped[str | None]
    best_of: Mapped[int | None] = mapped_column(SmallInteger)
    team1_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    team2_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    team1_name: Mapped[str]
    """As published; the team's own name is in ``teams``."""
    team2_name: Mapped[str]
