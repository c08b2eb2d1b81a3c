"""Months as text: the partitions of what the sources publish, each named by its first day (ISO)."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

FIRST_MONTH = "2012-09-01"
"""Month of the oldest known result."""


def parse_months(keys: Iterable[str]) -> list[date]:
    """Return the first day of each month."""
    return [date.fromisoformat(key) for key in keys]


def consecutive_ranges(keys: Iterable[str]) -> list[tuple[str, str]]:
    """Group months into ranges without a gap, as (first, last)."""
    ordered = sorted(keys)
    ranges: list[tuple[str, str]] = []
    start = ordered[0] if ordered else ""
    for month, following in pairwise([*ordered, ""]):
        if not following or _number(following) != _number(month) + 1:
            ranges.append((start, month))
            start = following
    return ranges


def next_month(first_day: date) -> date:
    """Return the first day of the month after."""
    return (first_day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _number(key: str) -> int:
    first_day = date.fromisoformat(key)
    return first_day.year * 12 + first_day.month
