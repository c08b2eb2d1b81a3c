"""Register, log in, know who asks."""

from dataclasses import dataclass

from cs2.storage.users import User
from serving.auth.passwords import Passwords
from serving.auth.repository import UsernameTakenError, Users
from serving.auth.tokens import Tokens
from serving.errors import ConflictError, FieldProblem, NotAuthenticatedError


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
