"""Maps, teams and players, with every spelling under which a source knows them."""

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, IntKey


class Map(Base):
    """A map of the game."""

    __tablename__ = "maps"

    id: Mapped[IntKey]
    name: Mapped[str] = mapped_column(unique=True)
    retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    """An admin's word: outside the active pool, however often it was played of late."""


class Team(Base):
    """A team; its spellings are in ``team_aliases``."""

    __tablename__ = "teams"

    id: Mapped[IntKey]
    name: Mapped[str] = mapped_column(index=True)


class TeamAlias(Base):
    """A spelling that names a team. ``homonym_no`` tells teams of one spelling apart (1, 2, … by first appearance)."""

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
    """A player, known by nickname only."""

    __tablename__ = "players"

    id: Mapped[IntKey]
    nickname: Mapped[str] = mapped_column(index=True)


class PlayerAlias(Base):
    """A spelling of a nickname. ``homonym_no`` tells players of one spelling apart (1, 2, … by first appearance)."""

    __tablename__ = "player_aliases"
    __table_args__ = (
        UniqueConstraint("nickname", "homonym_no"),
        CheckConstraint("homonym_no >= 1", name="homonym_no_positive"),
    )

    id: Mapped[IntKey]
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)
    nickname: Mapped[str]
    homonym_no: Mapped[int] = mapped_column(default=1, server_default="1")
