"""Register, log in, know who asks."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cs2.storage.users import User
from serving.auth.passwords import Passwords
from serving.auth.repository import UsernameTakenError, Users
from serving.auth.tokens import Tokens
from serving.errors import ConflictError, FieldProblem, ForbiddenError, NotAuthenticatedError


@dataclass(frozen=True, slots=True)
class Accounts:
    """What can be done with accounts."""

    users: Users
    passwords: Passwords
    tokens: Tokens

    async def register(self, username: str, password: str) -> User:
        """Make an account.

        Raises:
            ConflictError: If the name is taken.
        """
        password_hash = await self.passwords.hash(password)
        try:
            return await self.users.add(username, password_hash)
        except UsernameTakenError as error:
            problem = FieldProblem(field="username", message=f"{username} is taken; choose another name")
            raise ConflictError("username-taken", errors=[problem]) from error

    async def log_in(self, username: str, password: str) -> str:
        """A token for the user. It takes as long for an unknown name as for a wrong password, and says the same.

        Raises:
            NotAuthenticatedError: If name or password are wrong.
        """
        user = await self.users.named(username.strip().lower())
        is_right = await self.passwords.verify(password, user.password_hash if user else None)
        if user is None or not is_right:
            raise NotAuthenticatedError("wrong-credentials", "user name or password are wrong")
        return self.tokens.issue(user.id)

    async def me(self, user_id: int) -> User:
        """The account of a valid token.

        Raises:
            NotAuthenticatedError: If the account is gone.
        """
        user = await self.users.get(user_id)
        if user is None:
            raise NotAuthenticatedError("account-gone", "the account of this token does not exist any more")
        return user

    async def change_password(self, user_id: int, old: str, new: str) -> datetime:
        """Store another password; the moment up to which tokens hold no more.

        Raises:
            NotAuthenticatedError: If the account is gone.
            ForbiddenError: If the old password is wrong.
        """
        await self.check_password(user_id, old)
        await self.users.change_password(user_id, await self.passwords.hash(new))
        return await self._revoke(user_id)

    async def check_password(self, user_id: int, password: str) -> None:
        """Return where the password is right.

        Raises:
            NotAuthenticatedError: If the account is gone.
            ForbiddenError: If the password is wrong.
        """
        user = await self.me(user_id)
        if not await self.passwords.verify(password, user.password_hash):
            raise ForbiddenError("wrong-password", "the password is wrong")

    async def delete(self, user_id: int) -> datetime:
        """Take the account away; the moment up to which its tokens hold no more."""
        await self.users.delete(user_id)
        return await self._revoke(user_id)

    async def _revoke(self, user_id: int) -> datetime:
        moment = datetime.now(UTC)
        await self.users.revoke_tokens(user_id, moment)
        return moment
