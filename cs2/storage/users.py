"""People who may ask for forecasts."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, CreatedAt, IntKey, Moment


class User(Base):
    """An account. The name is kept in lower case, so that it is unique whatever its spelling."""

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
    """Tokens that a user got until this moment hold no more: the password changed, or the account is gone.

    No foreign key: the row outlives the account, as its tokens would.
    """

    __tablename__ = "token_revocations"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revoked_at: Mapped[Moment]
