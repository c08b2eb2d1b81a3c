"""Tokens: JWT, HS256, with an expiry, the time of issue, the user and an id of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from uuid_utils import uuid7

from serving.errors import NotAuthenticatedError

ALGORITHM = "HS256"
REQUIRED_CLAIMS = ["exp", "iat", "sub", "jti"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads tokens.

    Attributes:
        key: The secret, 32 bytes or more.
        minutes: How long a token holds.
    """

    key: str
    minutes: int

    def issue(self, user_id: int) -> str:
        """A token for a user."""
        now = datetime.now(UTC)
        claims = {"sub": str(user_id), "iat": now, "exp": now + timedelta(minutes=self.minutes), "jti": str(uuid7())}
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def user_of(self, token: str) -> int:
        """Id of the user to whom the token was issued.

        Raises:
            NotAuthenticatedError: If the token is expired, forged or incomplete.
        """
        try:
            claims = jwt.decode(token, self.key, algorithms=[ALGORITHM], options={"require": REQUIRED_CLAIMS})
            return int(claims["sub"])
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticatedError("token-expired", "the token is expired; log in again") from error
        except (jwt.InvalidTokenError, ValueError) as error:
            message = "the token is not one of this service; get one from POST /auth/login"
            raise NotAuthenticatedError("token-invalid", message) from error
