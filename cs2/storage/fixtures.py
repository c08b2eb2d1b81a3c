"""Matches to come, and what the system forecast of them by itself."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Select,
    SmallInteger,
    UniqueConstraint,
    func,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from cs2.storage.base import Base, Moment
from cs2.storage.dictionaries import Team

USUAL_BEST_OF = 3
"""Where a source does not announce it."""


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
        UniqueConstraint(
            *("fixture_id", "model_version", "snapshot_id", "team1_id", "team2_id", "best_of", "played_on"),
            name="uq_fixture_forecasts_one_a_question",
        ),
        Index("ix_fixture_forecasts_on_their_way", "event_id", postgresql_where=text("event IS NOT NULL")),
    )

    event_id: Mapped[str] = mapped_column(primary_key=True)
    """The forecast's id in the history: uuid7."""
    fixture_id: Mapped[int]
    """No foreign key: fixtures are rebuilt, and one that was taken back must not take its forecasts with it."""
    team1_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    """Teams, best-of and day are the question, as it was announced then: a change asks again."""
    team2_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    best_of: Mapped[int] = mapped_column(SmallInteger)
    played_on: Mapped[date]
    start_time: Mapped[Moment]
    """As it was announced then; a change of the hour alone asks nothing."""
    model_version: Mapped[int] = mapped_column(ForeignKey("ml_models.version"))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("rating_snapshots.id"))
    still_valid_for_snapshot_id: Mapped[int | None] = mapped_column(
        ForeignKey("rating_snapshots.id", name="fk_fixture_forecasts_still_valid_for_rating_snapshots")
    )
    """The newest ratings that said the same: no second forecast was made with them."""
    occurred_at: Mapped[Moment]
    team1_win_probability: Mapped[float]
    low: Mapped[float]
    """Of the 95% interval."""
    high: Mapped[float]
    event: Mapped[str | None]
    """The event, until Redis has it."""


def upcoming(
    now: datetime, *, limit: int, team_id: int | None = None, after: tuple[datetime, int] | None = None
) -> Select[Any]:
    """Matches that have not begun, the next one first, each with its newest automatic forecast.

    Args:
        now: The moment.
        limit: Most rows.
        team_id: Only those of this team.
        after: Start and id of the match behind which the rows begin.
    """
    newest = (
        select(FixtureForecast)
        .where(FixtureForecast.fixture_id == Fixture.id)
        # Of the match as it is announced now: before a correction it was another one.
        .where(FixtureForecast.team1_id == Fixture.team1_id, FixtureForecast.team2_id == Fixture.team2_id)
        .where(FixtureForecast.best_of == func.coalesce(Fixture.best_of, USUAL_BEST_OF))
        .order_by(FixtureForecast.occurred_at.desc(), FixtureForecast.event_id.desc())
        .limit(1)
        .lateral()
    )
    one, two = aliased(Team), aliased(Team)
    found = (
        select(Fixture, one.name.label("team1"), two.name.label("team2"), newest)
        .join(one, one.id == Fixture.team1_id)
        .join(two, two.id == Fixture.team2_id)
        .outerjoin(newest, true())
        .where(Fixture.start_time > now)
        .order_by(Fixture.start_time, Fixture.id)
        .limit(limit)
    )
    if team_id is not None:
        found = found.where(or_(Fixture.team1_id == team_id, Fixture.team2_id == team_id))
    if after is not None:
        found = found.where(tuple_(Fixture.start_time, Fixture.id) > after)
    return found
