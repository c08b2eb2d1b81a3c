"""Run Alembic from Python: for ``cs2 migrate``, the tests and the migration container.

``python -m cs2.storage.migrate`` upgrades the database of the settings to the newest revision.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config

from cs2.settings import get_settings


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Upgrade the database at ``url`` to ``revision``."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Downgrade the database at ``url`` to ``revision``."""
    command.downgrade(_config(url), revision)


def check(url: str) -> None:
    """Raise ``alembic.util.CommandError`` if the tables in the code and in the database differ."""
    command.check(_config(url))


def autogenerate(url: str, message: str) -> None:
    """Write a migration for the differences between the code and the database at ``url``."""
    command.revision(_config(url), message=message, autogenerate=True)


if __name__ == "__main__":
    upgrade(get_settings().database_url)
