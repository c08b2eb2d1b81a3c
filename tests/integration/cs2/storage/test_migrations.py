"""The migrations and the tables in the code say the same."""

import pytest
from alembic.util import CommandError
from sqlalchemy import inspect, text

from cs2.storage import migrate
from cs2.storage.engine import make_engine
from cs2.storage.tables import Base


def test_upgrade_makes_every_table_and_downgrade_leaves_none(postgres_url: str) -> None:
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
