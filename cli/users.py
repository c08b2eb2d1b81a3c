"""``cs2 users``: list accounts, change their role, delete one.

Needs PostgreSQL, not the API: this is how the first admin gets the role.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.database import fail, session
from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack
from cs2.storage.users import User, delete_user, get_user

app = typer.Typer(no_args_is_help=True, help="Manage accounts: list, make-admin, make-user, delete.")
SERVER_MS = 5_000

Username = Annotated[str, typer.Argument(help="Name of a registered account; case does not matter.")]


@app.command("list")
def list_users() -> None:
    """List the accounts in the order of their registration."""
    with session() as transaction:
        users = list(transaction.scalars(select(User).order_by(User.id)))
    table = Table("id", "name", "role", "registered", box=None)
    for user in users:
        table.add_row(str(user.id), user.username, user.role, f"{user.created_at:%Y-%m-%d %H:%M}")
    Console(highlight=False).print(table if users else "no account is registered yet: POST /auth/register")


@app.command("make-admin")
def make_admin(username: Username) -> None:
    """Let an account promote models, change the map pool and see the forecasts of all users."""
    _set_role(username, "admin")


@app.command("make-user")
def make_user(username: Username) -> None:
    """Take the rights of an admin away from an account."""
    _set_role(username, "user")


@app.command()
def delete(username: Username) -> None:
    """Delete an account for a user who cannot (DELETE /auth/me). The forecasts stay, without the user's name.

    MongoDB is changed first: if that fails, the account stays. Every API process rejects the account's tokens within
    seconds.
    """
    with session() as transaction:
        user = _existing(transaction, username)
        _anonymise_forecasts(user.id)
        delete_user(transaction, user.id)
    Console(highlight=False).print(f"{user.username} is deleted, and no forecast names it")


def _anonymise_forecasts(user_id: int) -> None:
    """Remove the user from all forecasts, and from those still to come until the user's last token expires."""
    from pymongo.errors import PyMongoError

    from cs2.mongo_client import MongoClient
    from cs2.privacy import anonymise_user

    settings = settings_of_running_stack()

    async def anonymise() -> None:
        client: Any = MongoClient(settings.mongo_url, serverSelectionTimeoutMS=SERVER_MS)
        try:
            last_expiry = datetime.now(UTC) + timedelta(minutes=settings.token_minutes)
            await anonymise_user(client[settings.mongo_database], user_id, last_expiry)
        finally:
            client.close()

    try:
        asyncio.run(anonymise())
    except PyMongoError as error:
        fail(f"MongoDB does not answer: {error}", ExitCode.FAILURE)


def _set_role(username: str, role: str) -> None:
    with session() as transaction:
        user = _existing(transaction, username)
        user.role = role
    Console(highlight=False).print(f"{user.username} is {'an admin' if role == 'admin' else 'a user'} now")


def _existing(transaction: Session, username: str) -> User:
    user = get_user(transaction, username)
    if user is None:
        fail(f"no account has the name {username.strip().lower()}; see: cs2 users list", ExitCode.WRONG_INPUT)
    return user
