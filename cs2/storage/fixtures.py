"""Matches to come, and what the system forecast of them by itself."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, Moment


class Fixture(Base):
    """A match that was announced; it stays when it was played, and when it was not. Rebuilt whole from ``raw_rows``."""

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


class FixtureForecast(Base):
    """A forecast of a fixture that nobody asked for, on its way to the history or there already.

    The row is committed before the event is handed over, and the event goes with the row's id however often it is sent:
    a run that dies in between neither loses a forecast nor makes a second one.
    """

    __tablename__ = "fixture_forecasts"
    __table_args__ = (
        UniqueConstraint("fixture_id", "model_version", "snapshot_id", "question"),
        Index("ix_fixture_forecasts_on_their_way", "event_id", postgresql_where=text("event IS NOT NULL")),
    )

    event_id: Mapped[str] = mapped_column(primary_key=True)
    """The forecast's id in the history: uuid7."""
    fixture_id: Mapped[int]
    """No foreign key: fixtures are rebuilt, and one that was taken back must not take its forecasts with it."""
    question: Mapped[str]
    """Teams, best-of and day, as they were announced when it was asked: a change asks again."""
    start_time: Mapped[Moment]
    """As it was announced then."""
    model_version: Mapped[int] = mapped_column(ForeignKey("ml_models.version"))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("rating_snapshots.id"))
    occurred_at: Mapped[Moment]
    team1_win_probability: Mapped[float]
    low: Mapped[float]
    """Of the 95% interval."""
    high: Mapped[float]
    event: Mapped[str | None]
    """The event, until Redis has it."""
