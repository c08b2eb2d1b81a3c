"""Accounts in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from cs2.storage.users import TokenRevocation, User


class UsernameTakenError(Exception):
    """Another account has the name."""


class Users:
    """Create, read, update and delete accounts; the session's owner commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, username: str, password_hash: str) -> User:
        """Add an account.

        Raises:
            UsernameTakenError: If the name is taken.
        """
        user = User(username=username, password_hash=password_hash)
        self._session.add(user)
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise UsernameTakenError(username) from error
        return user

    async def get(self, user_id: int) -> User | None:
        """The account with this id."""
        return await self._session.get(User, user_id)

    async def named(self, username: str) -> User | None:
        """The account with this name, in lower case."""
        if "\x00" in username:
            return None  # PostgreSQL refuses such a text instead of not finding it
        return (await self._session.scalars(select(User).where(User.username == username))).one_or_none()

    async def change_password(self, user_id: int, password_hash: str) -> None:
        """Store another hash."""
        await self._session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))

    async def delete(self, user_id: int) -> None:
        """Take the account away."""
        await self._session.execute(delete(User).where(User.id == user_id))

    async def revoke_tokens(self, user_id: int, moment: datetime) -> None:
        """Tokens of before this moment hold no more, in any process."""
        values = {"user_id": user_id, "revoked_at": moment}
        statement = insert(TokenRevocation).values(values)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["user_id"], set_={"revoked_at": moment})
        )

    async def revocations(self, since: datetime) -> Mapping[int, datetime]:
        """Revocations after a moment, by user."""
        query = select(TokenRevocation.user_id, TokenRevocation.revoked_at).where(TokenRevocation.revoked_at >= since)
        return {row.user_id: row.revoked_at for row in await self._session.execute(query)}
