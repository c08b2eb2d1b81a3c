"""Automatic forecasts on their way to the history: kept in PostgreSQL first, then handed over, however often."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cs2.contracts import SeriesEvent
from cs2.storage.tables import FixtureForecast
from pipelines.automatic.due import Due

BATCH = 100


def keep(session: Session, made: Iterable[tuple[Due, SeriesEvent]]) -> int:
    """Add forecasts; one that another run made meanwhile stays as it is. How many were new."""
    rows = [
        {
            "event_id": event.event_id,
            "fixture_id": due.fixture_id,
            "team1_id": due.teams[0].id,
            "team2_id": due.teams[1].id,
            "best_of": due.best_of,
            "played_on": due.played_on,
            "start_time": due.start_time,
            "model_version": event.model_version,
            "snapshot_id": event.snapshot_id,
            "occurred_at": event.occurred_at,
            "team1_win_probability": event.response.team1_win_probability,
            "low": event.response.interval[0],
            "high": event.response.interval[1],
            "event": event.model_dump_json(),
        }
        for due, event in made
    ]
    if not rows:
        return 0
    added = insert(FixtureForecast).on_conflict_do_nothing().returning(FixtureForecast.event_id)
    return len(session.scalars(added, rows).all())


def confirm(session: Session, same: Iterable[Due]) -> None:
    """Take note that newer ratings say what the newest forecast of each of these matches says."""
    for due in same:
        if due.said is not None:
            row = update(FixtureForecast).where(FixtureForecast.event_id == due.said.event_id)
            session.execute(row.values(confirmed_by=due.snapshot_id))


def count_on_their_way(session: Session) -> int:
    """How many forecasts Redis does not have yet, as far as PostgreSQL knows."""
    return session.scalar(select(func.count()).where(FixtureForecast.event.is_not(None))) or 0


def hand_over(session: Session, send: Callable[[Sequence[bytes]], None]) -> int:
    """Send what is on its way, the oldest first, and take note of it; how many. The caller commits.

    Where the note is lost they are sent again with the same ids: the sink ignores these.

    Raises:
        redis.RedisError: If Redis does not take them.
    """
    waiting = (
        select(FixtureForecast.event_id, FixtureForecast.event)
        .where(FixtureForecast.event.is_not(None))
        .order_by(FixtureForecast.event_id)
        .limit(BATCH)
    )
    rows = session.execute(waiting).all()
    if rows:
        send([row.event.encode() for row in rows])
        ids = [row.event_id for row in rows]
        session.execute(update(FixtureForecast).where(FixtureForecast.event_id.in_(ids)).values(event=None))
    return len(rows)
