"""Months as partitions: parsing, and ranges without a gap."""

from datetime import date

from pipelines.sources.months import consecutive_ranges, parse_months


def test_consecutive_months_make_one_range() -> None:
    keys = ["2025-12-01", "2024-01-01", "2026-01-01", "2026-02-01", "2025-10-01"]
    assert consecutive_ranges(keys) == [("2024-01-01",) * 2, ("2025-10-01",) * 2, ("2025-12-01", "2026-02-01")]
    assert consecutive_ranges([]) == []


def test_a_month_is_its_first_day() -> None:
    assert parse_months(["2012-09-01", "2012-10-01"]) == [date(2012, 9, 1), date(2012, 10, 1)]
