"""Forecasts beside what happened."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from pipelines.etl.storing import read_history
from pipelines.judging.forecasts import EPOCH, read_asked
from pipelines.judging.results import read_results
from pipelines.judging.storing import store_outcomes
from pipelines.resources import Database, Mongo


@dg.asset(
    deps=["map_results", "series"],
    group_name="history",
    kinds={"mongodb", "postgres"},
    pool="history",
    owners=["team:models"],
)
def forecast_outcomes(database: Database, mongo: Mongo) -> dg.MaterializeResult[None]:
    """One document a judged forecast, in MongoDB: which team of the forecast won, on which day, how strong both teams
    were, and what team Elo and player Elo gave by what was known before that day.

    Made anew from all forecasts and all results: a corrected result changes the outcome, one that was taken back takes
    the outcome with it. Which match a forecast was about, and which forecasts are not judged, stands in
    `docs/history.md`.
    """
    from pipelines.judging.outcomes import judge_forecasts  # numba: seconds that the other assets need not pay

    with mongo.database() as forecasts:
        asked = read_asked(forecasts)
        days = [
            EPOCH + timedelta(days=int(day)) for day in (asked["played_on"].agg(["min", "max"]) if len(asked) else ())
        ]
        with database.one_state() as connection:
            first, last = days or (EPOCH, EPOCH)
            results = read_results(connection, str(first), str(last + timedelta(days=1)))
            history = read_history(connection)
        judged = judge_forecasts(asked, results, history, now=datetime.now(UTC))
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
