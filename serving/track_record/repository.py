"""Read the last automatic forecast of each match before its start from PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cs2.storage.tables import Fixture, FixtureForecast, Team


async def last_forecasts(session: AsyncSession) -> Sequence[Any]:
    """Return one row for each match with an automatic forecast, the latest start first.

    A row has the columns of ``fixture_forecasts``, ``start``, ``tournament``, ``team1`` and ``team2``. The start is the
    one announced now, so that a forecast after it does not count. A match whose announcement was withdrawn stays in the
    record, with the start at the time of the forecast.
    """
    start = func.coalesce(Fixture.start_time, FixtureForecast.start_time).label("start")
    team1, team2 = aliased(Team), aliased(Team)
    last = (
        select(FixtureForecast, start, Fixture.event.label("tournament"))
        .outerjoin(Fixture, Fixture.id == FixtureForecast.fixture_id)
        .where(FixtureForecast.occurred_at < start)
        .ext(distinct_on(FixtureForecast.fixture_id))
        .order_by(FixtureForecast.fixture_id, FixtureForecast.occurred_at.desc(), FixtureForecast.event_id.desc())
        .subquery()
    )
    columns = [column for column in last.c if column.name != "event"]
    statement = (
        select(*columns, team1.name.label("team1"), team2.name.label("team2"))
        .join(team1, team1.id == last.c.team1_id)
        .join(team2, team2.id == last.c.team2_id)
        .order_by(last.c.start.desc(), last.c.fixture_id.desc())
    )
    return (await session.execute(statement)).all()
