"""Accounts and revoked tokens, and the statements that the API and ``cs2 users`` share."""

from datetime import UTC, datetime

from sqlalchemy import CheckConstraint, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from cs2.storage.base import Base, CreatedAt, IntKey, Moment


class User(Base):
    """An account. The name is stored in lower case, so that names that differ only in case are the same."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("username = lower(username)", name="username_lower"),
        CheckConstraint("role IN ('user', 'admin')", name="role_known"),
    )

    id: Mapped[IntKey]
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(default="user", server_default="user")
    created_at: Mapped[CreatedAt]


class TokenRevocation(Base):
    """Tokens that a user got until this moment are invalid: the password has changed, or the account is deleted.

    Not a foreign key: the row outlives the account, because its tokens would.
    """

    __tablename__ = "token_revocations"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revoked_at: Mapped[Moment]


def get_user(session: Session, username: str) -> User | None:
    """Return the account with this name, in any case."""
    if "\x00" in username:
        return None  # PostgreSQL rejects such a text instead of not finding it
    return session.scalars(select(User).where(User.username == username.strip().lower())).one_or_none()


def revoke_tokens(session: Session, user_id: int) -> datetime:
    """Make every token that a user has invalid, in all processes.

    Returns:
        The moment: tokens issued until then are invalid.
    """
    moment = datetime.now(UTC)
    statement = insert(TokenRevocation).values(user_id=user_id, revoked_at=moment)
    session.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_={"revoked_at": moment}))
    return moment


def delete_user(session: Session, user_id: int) -> datetime:
    """Delete an account and revoke its tokens.

    Returns:
        The moment: tokens issued until then are invalid.
    """
    session.execute(delete(User).where(User.id == user_id))
    return revoke_tokens(session, user_id)
