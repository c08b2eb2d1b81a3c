"""Forecasts beside what happened."""

from datetime import UTC, date, datetime

import dagster as dg
import pandas as pd

from cs2.calendar import date_of
from cs2.settings import get_settings
from pipelines.etl.repository import load_history
from pipelines.evaluation.repository import store_outcomes
from pipelines.evaluation.results import read_results
from pipelines.evaluation.stored_forecasts import read_asked
from pipelines.resources import SHORT_ABSENCE, Database, Mongo


@dg.asset(
    deps=["map_results", "series"],
    group_name="history",
    kinds={"mongodb", "postgres"},
    pool="history",
    owners=["team:models"],
    retry_policy=SHORT_ABSENCE,
)
def forecast_outcomes(database: Database, mongo: Mongo) -> dg.MaterializeResult[None]:
    """One document a judged forecast, in MongoDB: which team of the forecast won, on which day, how strong both teams
    were, and what team Elo and player Elo gave by what was known before that day.

    Made anew from all forecasts and all results: a corrected result changes the outcome, one that was taken back takes
    the outcome with it. Which match a forecast was about, and which forecasts are not judged, stands in
    `docs/history.md`.
    """
    from pipelines.evaluation.outcomes import score_forecasts  # numba: seconds that the other assets need not pay

    today = get_settings().current_day()
    with mongo.database() as forecasts:
        asked = read_asked(forecasts)
        with database.one_state() as connection:
            results = read_results(connection, first=_first_day(asked, today), last=today)
            history = load_history(connection)
        judged = score_forecasts(asked, results, history, now=datetime.now(UTC))
        changes = store_outcomes(forecasts, judged.outcomes)
    return dg.MaterializeResult(
        metadata={
            "forecasts": len(asked),
            "judged": len(judged.outcomes),
            "written": changes.written,
            "removed": changes.removed,
            "verdicts": dg.MetadataValue.json(judged.verdicts),
        }
    )


def _first_day(asked: pd.DataFrame, today: date) -> date:
    """First day that was asked for; somebody may have asked for the year 9999 only."""
    days = asked["played_on"].to_numpy()
    return min(date_of(days.min()), today) if len(days) else today
