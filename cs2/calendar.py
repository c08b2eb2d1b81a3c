"""Days as numbers, the clock that an installation can set, and pauses that survive a clock that jumps."""

from datetime import UTC, date, datetime, time, timedelta

EPOCH = date(1970, 1, 1)
"""Day 0."""


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """Day with this number: the inverse of :func:`day_number`."""
    return EPOCH + timedelta(days=int(number))


def current_moment(clock_date: date | None) -> datetime:
    """Current time in UTC.

    Args:
        clock_date: Day to which the clock is set, for archives that end in the past. The clock stands at the last
            second of the day, because the day's results are known. None for the real time.
    """
    return datetime.combine(clock_date, time(23, 59, 59), UTC) if clock_date else datetime.now(UTC)


def is_pause_over(began_at: datetime, pause: timedelta, *, now: datetime) -> bool:
    """Whether a pause that began at a stored moment is over.

    A clock that jumps forward and back leaves moments in the future. Such a pause is over as well: the distance counts,
    in either direction. Use this function wherever a stored moment is compared with the clock.
    """
    return abs(now - began_at) >= pause
