"""Migration 0011 stores the last ratings considered on each forecast; the downgrade restores NULL."""

from sqlalchemy import text

from cs2.storage import migrate
from cs2.storage.engine import make_engine

STORED = text(
    "INSERT INTO fixture_forecasts (event_id, fixture_id, team1_id, team2_id, best_of, played_on, start_time,"
    " model_version, snapshot_id, still_valid_for_snapshot_id, occurred_at, team1_win_probability, low, high)"
    " VALUES (:event_id, :fixture_id, 1, 2, 3, '2026-01-06', now(), 1, 7, :valid, now(), 0.6, 0.4, 0.8)"
)
SNAPSHOT = text(
    "INSERT INTO rating_snapshots (id, as_of, features_version, sha256, data, n_rated)"
    " VALUES (:id, '2026-01-01', 1, '', '', 0)"
)
CONSIDERED = text("SELECT still_valid_for_snapshot_id FROM fixture_forecasts ORDER BY event_id")


def test_the_last_ratings_considered_survive_both_ways(postgres_url: str) -> None:
    migrate.downgrade(postgres_url, "0010")
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # no teams and models needed
        for number in (7, 9):
            connection.execute(SNAPSHOT, {"id": number})
        for event_id, valid in (("1", None), ("2", 9)):
            connection.execute(STORED, {"event_id": event_id, "fixture_id": int(event_id), "valid": valid})
    migrate.upgrade(postgres_url)
    with engine.begin() as connection:
        assert connection.scalars(CONSIDERED).all() == [7, 9]
    migrate.downgrade(postgres_url, "0010")
    with engine.begin() as connection:
        assert connection.scalars(CONSIDERED).all() == [None, 9]
    engine.dispose()
    migrate.upgrade(postgres_url)
