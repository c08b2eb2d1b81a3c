"""Monthly partitions of the landed rows."""

import dagster as dg

from pipelines.sources.months import FIRST_MONTH

MONTHS = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, end_offset=1)
"""``end_offset`` includes the running month."""
