"""Months: the partitions of what is landed."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise

import dagster as dg

FIRST_MONTH = "2012-09-01"
"""Of the oldest known result."""

MONTHS = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, end_offset=1)
"""The running month is one of them, hence the offset."""


def as_months(keys: Iterable[str]) -> list[date]:
    """First days of the months."""
    return [date.fromisoformat(key) for key in keys]


def ranges(keys: Iterable[str]) -> list[tuple[str, str]]:
    """Runs of consecutive months as (first, last): each is one run of Dagster, however long."""
    ordered = sorted(keys)
    found: list[tuple[str, str]] = []
    start = ordered[0] if ordered else ""
    for before, after in pairwise([*ordered, ""]):
        if not after or _number(after) != _number(before) + 1:
            found.append((start, before))
            start = after
    return found


def _number(key: str) -> int:
    day = date.fromisoformat(key)
    return day.year * 12 + day.month
