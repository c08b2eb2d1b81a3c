"""``cs2 migrate``: upgrade the tables."""

import typer
from rich.console import Console

from cli.exit_codes import ExitCode
from cli.stack_options import DataDir


def migrate(data_dir: DataDir = None) -> None:
    """Upgrade the tables of the running stack, or of CS2_DATABASE_URL, to the newest revision."""
    from sqlalchemy.exc import OperationalError

    from cli.stack.layout import settings_of_running_stack
    from cs2.storage.migrate import upgrade

    url = settings_of_running_stack(data_dir).database_url
    try:
        upgrade(url)
    except OperationalError as error:
        Console(stderr=True).print(f"PostgreSQL at {url} cannot be reached: {error.orig}", style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    print(f"{url} is up to date")
