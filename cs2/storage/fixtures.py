"""Announced matches (fixtures) and the automatic forecasts of them."""

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
"""Best-of of a fixture whose source does not announce one."""


class Fixture(Base):
    """An announced match. The row stays after the match, played or not. Rebuilt from ``raw_rows``."""

    __tablename__ = "fixtures"
    __table_args__ = (
        CheckConstraint("team1_id <> team2_id", name="two_teams"),
        CheckConstraint("best_of IN (1, 2, 3, 5)", name="best_of_known"),
        Index(None, "start_time", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Id of the first row of ``raw_rows`` about the match. Forecasts refer to it, so an id is never reused."""
    natural_key: Mapped[str] = mapped_column(unique=True)
    """Source and the source's own key."""
    source: Mapped[str]
    start_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    event: Mapped[str | None]
    best_of: Mapped[int | None] = mapped_column(SmallInteger)
    team1_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    team2_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    team1_name: Mapped[str]
    """As published; the canonical name is in ``teams``."""
    team2_name: Mapped[str]


class FixtureForecast(Base):
    """An automatic forecast of a fixture, published to the history or waiting for it.

    The row is committed before its event is published, and every attempt sends the event with the row's id. So a run
    that dies in between neither loses a forecast nor duplicates it.
    """

    __tablename__ = "fixture_forecasts"
    __table_args__ = (
        UniqueConstraint(
            *("fixture_id", "model_version", "snapshot_id", "team1_id", "team2_id", "best_of", "played_on"),
            name="uq_fixture_forecasts_question_model_ratings",
        ),
        Index("ix_fixture_forecasts_unpublished", "event_id", postgresql_where=text("event IS NOT NULL")),
    )

    event_id: Mapped[str] = mapped_column(primary_key=True)
    """The forecast's id in the history, a uuid7."""
    fixture_id: Mapped[int]
    """No foreign key: fixtures are rebuilt, and a withdrawn fixture must not delete its forecasts."""
    team1_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    """Teams, best-of and day are the question, as announced then. A corrected question is forecast again."""
    team2_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    best_of: Mapped[int] = mapped_column(SmallInteger)
    played_on: Mapped[date]
    start_time: Mapped[Moment]
    """As announced then. A change of the hour alone needs no new forecast."""
    model_version: Mapped[int] = mapped_column(ForeignKey("ml_models.version"))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("rating_snapshots.id"))
    """The ratings it was computed from."""
    still_valid_for_snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("rating_snapshots.id", name="fk_fixture_forecasts_still_valid_for_rating_snapshots")
    )
    """The last ratings considered: ``snapshot_id`` at first, then newer ratings that give the same numbers."""
    occurred_at: Mapped[Moment]
    team1_win_probability: Mapped[float]
    low: Mapped[float]
    """Lower bound of the 95% interval."""
    high: Mapped[float]
    """Upper bound of the 95% interval."""
    event: Mapped[str | None]
    """The event as JSON; NULL once Redis has it."""


def upcoming(
    now: datetime, *, limit: int, team_id: int | None = None, after: tuple[datetime, int] | None = None
) -> Select[Any]:
    """Select the matches that have not begun, the next one first, each with its newest automatic forecast.

    Args:
        now: Current time.
        limit: Maximum number of rows.
        team_id: Only matches of this team.
        after: Start time and id of the last match of the previous page.
    """
    newest = (
        select(FixtureForecast)
        .where(FixtureForecast.fixture_id == Fixture.id)
        # Only forecasts of the match as it is announced now: a correction made it another match.
        .where(FixtureForecast.team1_id == Fixture.team1_id, FixtureForecast.team2_id == Fixture.team2_id)
        .where(FixtureForecast.best_of == func.coalesce(Fixture.best_of, USUAL_BEST_OF))
        .order_by(FixtureForecast.occurred_at.desc(), FixtureForecast.event_id.desc())
        .limit(1)
        .lateral()
    )
    team1, team2 = aliased(Team), aliased(Team)
    query = (
        select(Fixture, team1.name.label("team1"), team2.name.label("team2"), newest)
        .join(team1, team1.id == Fixture.team1_id)
        .join(team2, team2.id == Fixture.team2_id)
        .outerjoin(newest, true())
        .where(Fixture.start_time > now)
        .order_by(Fixture.start_time, Fixture.id)
        .limit(limit)
    )
    if team_id is not None:
        query = query.where(or_(Fixture.team1_id == team_id, Fixture.team2_id == team_id))
    if after is not None:
        query = query.where(tuple_(Fixture.start_time, Fixture.id) > after)
    return query
