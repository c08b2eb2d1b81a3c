"""The last automatic forecast of each match before its start, from PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cs2.storage.tables import Fixture, FixtureForecast, Team


async def last_forecasts(session: AsyncSession) -> Sequence[Any]:
    """One row a match that was ever forecast, the latest start first: the columns of ``fixture_forecasts``, ``start``,
    ``tournament``, ``team1`` and ``team2``.

    Of a match that was moved the start counts that is announced now: what was forecast after it is not in the record. A
    match that was taken back stays, as it was announced when it was forecast.
    """
    start = func.coalesce(Fixture.start_time, FixtureForecast.start_time).label("start")
    one, two = aliased(Team), aliased(Team)
    last = (
        select(FixtureForecast, start, Fixture.event.label("tournament"))
        .outerjoin(Fixture, Fixture.id == FixtureForecast.fixture_id)
        .where(FixtureForecast.occurred_at < start)
        .ext(distinct_on(FixtureForecast.fixture_id))
        .order_by(FixtureForecast.fixture_id, FixtureForecast.occurred_at.desc(), FixtureForecast.event_id.desc())
        .subquery()
    )
    columns = [column for column in last.c if column.name != "event"]
    found = (
        select(*columns, one.name.label("team1"), two.name.label("team2"))
        .join(one, one.id == last.c.team1_id)
        .join(two, two.id == last.c.team2_id)
        .order_by(last.c.start.desc(), last.c.fixture_id.desc())
    )
    return (await session.execute(found)).all()
