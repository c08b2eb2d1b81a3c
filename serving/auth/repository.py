"""Accounts in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from cs2.storage import users
from cs2.storage.users import TokenRevocation, User


class UsernameTakenError(Exception):
    """Another account has the name."""


class Users:
    """Create, read, update and delete accounts; the owner of the session commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, username: str, password_hash: str) -> User:
        """Add an account.

        Raises:
            UsernameTakenError: If another account has the name.
        """
        user = User(username=username, password_hash=password_hash)
        self._session.add(user)
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise UsernameTakenError(username) from error
        return user

    async def get(self, user_id: int) -> User | None:
        """Return the account with this id."""
        return await self._session.get(User, user_id)

    async def get_by_name(self, username: str) -> User | None:
        """Return the account with this name, in any case."""
        return await self._session.run_sync(users.get_user, username)

    async def change_password(self, user_id: int, password_hash: str) -> datetime:
        """Store another password hash and revoke the tokens; returns the moment of the revocation."""
        await self._session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))
        return await self._session.run_sync(users.revoke_tokens, user_id)

    async def delete(self, user_id: int) -> datetime:
        """Delete the account and revoke its tokens; returns the moment of the revocation."""
        return await self._session.run_sync(users.delete_user, user_id)

    async def revocations(self, since: datetime) -> Mapping[int, datetime]:
        """Return the revocations since a moment, by user."""
        query = select(TokenRevocation.user_id, TokenRevocation.revoked_at).where(TokenRevocation.revoked_at >= since)
        return {row.user_id: row.revoked_at for row in await self._session.execute(query)}
