"""``cs2 users``: accounts, and who is an admin. Needs PostgreSQL, not the API: so the first admin is made."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from cli.database import fail, session
from cli.exit_codes import ExitCode
from cs2.storage.users import User

app = typer.Typer(no_args_is_help=True, help="Accounts: list, make somebody an admin, take it back.")

Username = Annotated[str, typer.Argument(help="Name of an account, as registered; upper and lower case are the same.")]


@app.command("list")
def list_users() -> None:
    """Accounts in the order of their registration."""
    with session() as rows:
        users = list(rows.scalars(select(User).order_by(User.id)))
    table = Table("id", "name", "role", "registered", box=None)
    for user in users:
        table.add_row(str(user.id), user.username, user.role, f"{user.created_at:%Y-%m-%d %H:%M}")
    Console(highlight=False).print(table if users else "nobody has registered yet: POST /auth/register")


@app.command("make-admin")
def make_admin(username: Username) -> None:
    """Let somebody promote models, change the map pool and see everybody's forecasts."""
    _give(username, "admin")


@app.command("make-user")
def make_user(username: Username) -> None:
    """Take the rights of an admin back."""
    _give(username, "user")


def _give(username: str, role: str) -> None:
    with session() as rows:
        user = rows.scalars(select(User).where(User.username == username.strip().lower())).one_or_none()
        if user is not None:
            user.role = role
    if user is None:
        fail(f"nobody is registered as {username}; see: cs2 users list", ExitCode.WRONG_INPUT)
    Console(highlight=False).print(f"{username.strip().lower()} is {'an admin' if role == 'admin' else 'a user'} now")
