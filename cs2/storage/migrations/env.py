"""Alembic's entry: connects to the URL it is handed and compares with our tables."""

from alembic import context
from sqlalchemy import create_engine, pool

from cs2.storage.tables import Base


def run() -> None:
    """Run the migrations in one transaction."""
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_type=True, compare_server_default=True
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
