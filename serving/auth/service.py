"""Register, log in, change the password, delete the account."""

from dataclasses import dataclass
from datetime import datetime

from cs2.storage.users import User
from serving.auth.passwords import Passwords
from serving.auth.repository import UsernameTakenError, Users
from serving.auth.tokens import Tokens
from serving.errors import ConflictError, FieldProblem, ForbiddenError, NotAuthenticatedError


@dataclass(frozen=True, slots=True)
class Accounts:
    """Operations on accounts, within one session."""

    users: Users
    passwords: Passwords
    tokens: Tokens

    async def register(self, username: str, password: str) -> User:
        """Create an account.

        Raises:
            ConflictError: If another account has the name.
        """
        password_hash = await self.passwords.hash(password)
        try:
            return await self.users.add(username, password_hash)
        except UsernameTakenError as error:
            problem = FieldProblem(field="username", message=f"{username} is taken; choose another name")
            raise ConflictError("username-taken", errors=[problem]) from error

    async def log_in(self, username: str, password: str) -> str:
        """Issue a token.

        An unknown name and a wrong password cannot be distinguished: they take the same time and get the same error.

        Raises:
            NotAuthenticatedError: If name or password are wrong.
        """
        user = await self.users.get_by_name(username)
        is_right = await self.passwords.verify(password, user.password_hash if user else None)
        if user is None or not is_right:
            raise NotAuthenticatedError("wrong-credentials", "user name or password are wrong")
        return self.tokens.issue(user.id)

    async def me(self, user_id: int) -> User:
        """Return the account of a valid token.

        Raises:
            NotAuthenticatedError: If the account does not exist any more.
        """
        user = await self.users.get(user_id)
        if user is None:
            raise NotAuthenticatedError("account-gone", "the account of this token does not exist any more")
        return user

    async def change_password(self, user_id: int, old: str, new: str) -> datetime:
        """Store another password.

        Returns:
            The moment of the revocation: tokens issued until then are invalid.

        Raises:
            NotAuthenticatedError: If the account does not exist any more.
            ForbiddenError: If the old password is wrong.
        """
        await self.check_password(user_id, old)
        return await self.users.change_password(user_id, await self.passwords.hash(new))

    async def check_password(self, user_id: int, password: str) -> None:
        """Check the password of an account.

        Raises:
            NotAuthenticatedError: If the account does not exist any more.
            ForbiddenError: If the password is wrong.
        """
        user = await self.me(user_id)
        if not await self.passwords.verify(password, user.password_hash):
            raise ForbiddenError("wrong-password", "the password is wrong")
