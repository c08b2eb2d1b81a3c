"""Maps, teams and players, with every spelling that a source uses."""

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, IntKey


class Map(Base):
    """A map of the game."""

    __tablename__ = "maps"

    id: Mapped[IntKey]
    name: Mapped[str] = mapped_column(unique=True)
    retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Set by an admin: exclude this map from the active pool."""


class Team(Base):
    """A team. Its spellings are in ``team_aliases``."""

    __tablename__ = "teams"

    id: Mapped[IntKey]
    name: Mapped[str] = mapped_column(index=True)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    """The team that this entry turned out to be; null for an entry of its own."""
    former_key: Mapped[str | None]
    """Homonym number and key under which a merged entry was known."""


class TeamAlias(Base):
    """A spelling of a team's name.

    Two teams can have the same spelling: ``homonym_no`` numbers them (1, 2, …) by first appearance.
    """

    __tablename__ = "team_aliases"
    __table_args__ = (
        UniqueConstraint("name", "homonym_no"),
        CheckConstraint("homonym_no >= 1", name="homonym_no_positive"),
    )

    id: Mapped[IntKey]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    homonym_no: Mapped[int] = mapped_column(default=1, server_default="1")


class Player(Base):
    """A player, identified by nickname."""

    __tablename__ = "players"

    id: Mapped[IntKey]
    nickname: Mapped[str] = mapped_column(index=True)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("players.id"))
    """The player that this entry turned out to be; null for an entry of its own."""
    former_key: Mapped[str | None]
    """Homonym number and key under which a merged entry was known."""


class PlayerAlias(Base):
    """A spelling of a nickname.

    Two players can have the same spelling: ``homonym_no`` numbers them (1, 2, …) by first appearance.
    """

    __tablename__ = "player_aliases"
    __table_args__ = (
        UniqueConstraint("nickname", "homonym_no"),
        CheckConstraint("homonym_no >= 1", name="homonym_no_positive"),
    )

    id: Mapped[IntKey]
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)
    nickname: Mapped[str]
    homonym_no: Mapped[int] = mapped_column(default=1, server_default="1")
