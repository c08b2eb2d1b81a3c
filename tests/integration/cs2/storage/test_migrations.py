"""The migrations create the tables that the code declares."""

from datetime import UTC, date, datetime

import pytest
from alembic.util import CommandError
from sqlalchemy import inspect, text

from cs2.settings import SourceName
from cs2.storage import migrate
from cs2.storage.engine import make_engine
from cs2.storage.tables import Base
from pipelines.sources.poll_state import PollState
from pipelines.sources.response_cache import ResponseCache


def test_upgrade_creates_and_downgrade_removes_every_table(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    migrate.downgrade(postgres_url)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    migrate.upgrade(postgres_url)
    assert set(inspect(engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    engine.dispose()


def test_code_and_database_agree(postgres_url: str) -> None:
    migrate.check(postgres_url)


def test_a_table_that_differs_is_found(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE users ADD COLUMN nobody_knows integer"))
    engine.dispose()
    with pytest.raises(CommandError, match="nobody_knows"):
        migrate.check(postgres_url)


NOTES = [
    ("bo3gg", "not_before", "1788264900.5"),
    ("bo3gg", "problem", "status 500"),
    ("bo3gg", "start_date", "2026-08-29T00:00:00"),
    ("pandascore", "modified_at", "2026-08-31T10:00:00Z"),
    ("pandascore", "not_before", "1788265000.25"),
    ("pandascore", "problem", ""),
    ("pandascore", "shown", "1788260000.125"),
]
"""Notes of a source whose last poll failed, and of one whose last poll fetched everything."""


def test_the_state_of_polling_survives_migration_0010(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    migrate.downgrade(postgres_url, "0009")
    with engine.begin() as connection:
        insert = text("INSERT INTO source_state (source, name, value) VALUES (:source, :name, :value)")
        connection.execute(insert, [dict(zip(("source", "name", "value"), note, strict=True)) for note in NOTES])
        connection.execute(
            text("INSERT INTO source_responses (source, kind, key, payload) VALUES ('bo3gg', 'unread', 0, '{}')")
        )
    migrate.upgrade(postgres_url)
    bo3gg = ResponseCache(postgres_url, SourceName.BO3GG)
    assert bo3gg.load_cursor() == "2026-08-29T00:00:00"
    assert bo3gg.load_state() == PollState(next_poll_at=moment(1788264900.5), problem="status 500", is_readable=False)
    assert bo3gg.load("unexpected") == [(0, {})]
    pandascore = ResponseCache(postgres_url, SourceName.PANDASCORE)
    assert pandascore.load_cursor() == "2026-08-31T10:00:00Z"
    assert pandascore.load_state() == PollState(
        next_poll_at=moment(1788265000.25), is_readable=True, next_release_at=moment(1788260000.125)
    )
    assert ResponseCache(postgres_url, SourceName.VALVE).load_state() == PollState()
    migrate.downgrade(postgres_url, "0009")
    with engine.begin() as connection:
        notes = connection.execute(text("SELECT source, name, value FROM source_state ORDER BY source, name")).all()
        kinds = connection.execute(text("SELECT kind FROM source_responses")).scalars().all()
    engine.dispose()
    assert [(source, name, number_or_text(value)) for source, name, value in notes] == [
        (source, name, number_or_text(value)) for source, name, value in NOTES
    ]
    assert kinds == ["unread"]


def test_migration_0018_fills_the_days_of_stored_responses(postgres_url: str) -> None:
    migrate.downgrade(postgres_url, "0013")
    engine = make_engine(postgres_url)
    responses = {
        ("bo3gg", "match", 7): '{"start_date": "2026-08-29T23:00:00.000+00:00"}',
        ("bo3gg", "match", 8): '{"start_date": null}',
        ("bo3gg", "games", 7): '[{"id": 70}]',
        ("bo3gg", "players", 70): "[]",
        ("pandascore", "match", 7): "{}",
    }
    with engine.begin() as connection:
        for (source, kind, key), payload in responses.items():
            insert = text("INSERT INTO source_responses (source, kind, key, payload) VALUES (:s, :k, :n, :p)")
            connection.execute(insert, {"s": source, "k": kind, "n": key, "p": payload})
    migrate.upgrade(postgres_url)
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT source, kind, key, day FROM source_responses")).all()
    engine.dispose()
    day = date(2026, 8, 29)
    assert {tuple(row) for row in rows} == {
        ("bo3gg", "match", 7, day),
        ("bo3gg", "match", 8, None),
        ("bo3gg", "games", 7, day),
        ("bo3gg", "players", 70, day),
        ("pandascore", "match", 7, None),
    }


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def number_or_text(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
