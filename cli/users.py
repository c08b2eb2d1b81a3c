"""``cs2 users``: accounts, and who is an admin. Needs PostgreSQL, not the API: so the first admin is made."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from cli.database import fail, session
from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack
from cs2.storage.users import TokenRevocation, User

app = typer.Typer(no_args_is_help=True, help="Accounts: list, make somebody an admin, take it back, delete.")
SERVER_MS = 5_000

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


@app.command()
def delete(username: Username) -> None:
    """End an account, for somebody who cannot do it (DELETE /auth/me). The forecasts stay, nameless.

    MongoDB is changed first: where that fails nothing has happened. Tokens end in every API when it next reconciles.
    """
    name = username.strip().lower()
    with session() as rows:
        user = rows.scalars(select(User).where(User.username == name)).one_or_none()
        if user is None:
            fail(f"nobody is registered as {name}; see: cs2 users list", ExitCode.WRONG_INPUT)
        _make_nameless(user.id)
        revoked = {"revoked_at": datetime.now(UTC)}
        statement = insert(TokenRevocation).values(user_id=user.id, **revoked)
        rows.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=revoked))
        rows.delete(user)
    Console(highlight=False).print(f"{name} is deleted, and no forecast names it")


def _make_nameless(user_id: int) -> None:
    """Also what is asked for with tokens that another process does not know yet to be revoked."""
    from pymongo.errors import PyMongoError

    from cs2.mongo_client import MongoClient
    from cs2.privacy import anonymise_user

    settings = settings_of_running_stack()

    async def erase() -> None:
        client: Any = MongoClient(settings.mongo_url, serverSelectionTimeoutMS=SERVER_MS)
        try:
            expired = datetime.now(UTC) + timedelta(minutes=settings.token_minutes)
            await anonymise_user(client[settings.mongo_database], user_id, expired)
        finally:
            client.close()

    try:
        asyncio.run(erase())
    except PyMongoError as error:
        fail(f"MongoDB does not answer: {error}", ExitCode.FAILURE)


def _give(username: str, role: str) -> None:
    with session() as rows:
        user = rows.scalars(select(User).where(User.username == username.strip().lower())).one_or_none()
        if user is not None:
            user.role = role
    if user is None:
        fail(f"nobody is registered as {username}; see: cs2 users list", ExitCode.WRONG_INPUT)
    Console(highlight=False).print(f"{username.strip().lower()} is {'an admin' if role == 'admin' else 'a user'} now")
