"""Alembic from Python: the same calls for the command, the tests and the deployed one-shot.

``python -m cs2.storage.migrate`` brings the database of the settings up to date.
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
    """Bring the database at ``url`` to ``revision``."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Take the database at ``url`` back to ``revision``."""
    command.downgrade(_config(url), revision)


def check(url: str) -> None:
    """Raise ``alembic.util.CommandError`` where tables in the code and in the database differ."""
    command.check(_config(url))


def autogenerate(url: str, message: str) -> None:
    """Write a new migration from the difference between the code and the database at ``url``."""
    command.revision(_config(url), message=message, autogenerate=True)


if __name__ == "__main__":
    upgrade(get_settings().database_url)
