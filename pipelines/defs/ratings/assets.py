"""Ratings of players and teams, recomputed after every rebuild of the tables."""

import dagster as dg

from cs2.calendar import date_of, day_number
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.settings import get_settings
from cs2.storage.model_registry import store_snapshot
from pipelines.hooks import IS_NEW, announce_ratings
from pipelines.resources import SHORT_ABSENCE, Database


class NoResultsError(Exception):
    """There are no results to rate."""


@dg.asset(
    deps=["map_results", "series", "lineups"],
    hooks={announce_ratings},
    group_name="ratings",
    kinds={"numba", "postgres"},
    tags={"stage": "ratings"},
    pool="ratings",
    retry_policy=SHORT_ABSENCE,
    owners=["team:models"],
)
def rating_snapshots(database: Database) -> dg.MaterializeResult[None]:
    """Ratings of all players and teams as of the last day with results: the input of every forecast.

    One row per state of the results: the same results give the same bytes and no new row. The hook announces new
    ratings on Redis, and the API uses them at once with the model that it serves.
    """
    from cs2.forecasting.ratings.engine import compute_ratings
    from pipelines.etl.repository import load_history

    today = day_number(get_settings().current_day())
    with database.one_state() as connection:
        history = load_history(connection)
    known = history.learn_day <= today  # an archive may have results after a clock that was set
    if not known.any():
        raise NoResultsError(f"no result is known through {get_settings().current_day()}")
    as_of = int(history.learn_day[known].max())
    data = compute_ratings(history, through=as_of).to_bytes()
    day = date_of(as_of)
    n_rated = int((known & history.is_rated).sum())
    with database.transaction() as session:
        stored = store_snapshot(session, as_of=day, features_version=FEATURES_VERSION, data=data, n_rated=n_rated)
    return dg.MaterializeResult(
        metadata={
            "snapshot_id": stored.id,
            IS_NEW: stored.is_new,
            "as_of": str(day),
            "rated_rows": n_rated,
            "bytes": len(data),
        }
    )
