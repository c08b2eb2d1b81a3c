"""Results: tournaments, series, maps, lineups, player statistics and standings. All are rebuilt from ``raw_rows``."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cs2.storage.base import Base, IntKey


class Tournament(Base):
    """A tournament or league."""

    __tablename__ = "events"

    id: Mapped[IntKey]
    name: Mapped[str] = mapped_column(unique=True)


class Lineup(Base):
    """Five players who played together for a team. The players are in ``lineup_players``."""

    __tablename__ = "lineups"
    __table_args__ = (UniqueConstraint("team_id", "roster"),)

    id: Mapped[IntKey]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    roster: Mapped[str]
    """Ids of the five players in ascending order, joined by commas: with the team, the natural key."""


class LineupPlayer(Base):
    """A player of a lineup."""

    __tablename__ = "lineup_players"

    lineup_id: Mapped[int] = mapped_column(ForeignKey("lineups.id", ondelete="CASCADE"), primary_key=True)
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id"), primary_key=True, index=True)


class Series(Base):
    """A best-of-1, -2, -3 or -5 between two teams. Built from its maps, from a series row of a source, or from both."""

    __tablename__ = "series"
    __table_args__ = (
        CheckConstraint("team1_id <> team2_id", name="two_teams"),
        CheckConstraint("best_of IN (1, 2, 3, 5)", name="best_of_known"),
        CheckConstraint("last_day >= first_day", name="days_in_order"),
        CheckConstraint("forecast_day <= first_day AND learn_day >= last_day", name="schedule_around_days"),
        Index(None, "first_day"),
    )

    id: Mapped[IntKey]
    natural_key: Mapped[str] = mapped_column(unique=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id"), index=True)
    first_day: Mapped[date]
    """Day of the first map."""
    last_day: Mapped[date]
    """Day of the last map."""
    forecast_day: Mapped[date]
    """Day on which it is forecast: the first of the pair's consecutive days."""
    learn_day: Mapped[date]
    """Day at the end of which the ratings learn it: the last of the pair's consecutive days."""
    best_of: Mapped[int | None] = mapped_column(SmallInteger)
    team1_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    team2_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    lineup1_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"))
    lineup2_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"))
    forecast_team1_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    """Team 1 as known before the match; a later correction changes ``team1_id`` only."""
    forecast_team2_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    predecessor1_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    """Team that bore the name of team 1 before; null unless team 1 never played before the match."""
    predecessor2_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    forecast_lineup1_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"))
    forecast_lineup2_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"))
    winner: Mapped[int | None] = mapped_column(SmallInteger, CheckConstraint("winner IN (1, 2)", name="winner_1_or_2"))
    """1 or 2; null if only maps are known and both teams won the same number."""
    is_lan: Mapped[bool | None]
    rank1: Mapped[int | None]
    rank2: Mapped[int | None]
    points1: Mapped[float | None]
    points2: Mapped[float | None]


class MapResult(Base):
    """The result of one map."""

    __tablename__ = "map_results"
    __table_args__ = (
        CheckConstraint("team1_id <> team2_id", name="two_teams"),
        CheckConstraint("winner IN (1, 2)", name="winner_1_or_2"),
        Index(None, "played_on"),
    )

    id: Mapped[IntKey]
    natural_key: Mapped[str] = mapped_column(unique=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    map_id: Mapped[int] = mapped_column(ForeignKey("maps.id"), index=True)
    played_on: Mapped[date]
    start_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    map_number: Mapped[int | None] = mapped_column(SmallInteger)
    order_in_day: Mapped[int]
    """Position among the results of the day, as far as the sources say."""
    team1_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    team2_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    lineup1_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"), index=True)
    lineup2_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"), index=True)
    forecast_team1_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    """Team 1 as known before the match; a later correction changes ``team1_id`` only."""
    forecast_team2_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    predecessor1_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    """Team that bore the name of team 1 before; null unless team 1 never played before the match."""
    predecessor2_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    forecast_lineup1_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"))
    forecast_lineup2_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"))
    rounds1: Mapped[int | None] = mapped_column(SmallInteger)
    rounds2: Mapped[int | None] = mapped_column(SmallInteger)
    score_exact: Mapped[bool]
    """False if the rounds may be wrong by one or two; the winner is right either way."""
    winner: Mapped[int] = mapped_column(SmallInteger)
    rank1: Mapped[int | None]
    rank2: Mapped[int | None]
    points1: Mapped[float | None]
    points2: Mapped[float | None]
    winner_conflict: Mapped[bool]
    """Sources disagree on the winner: excluded from ratings and scores."""
    date_suspect: Mapped[bool]
    """The source entered the result late, so that its date may be wrong: excluded from ratings and scores."""
    never_played: Mapped[bool]
    """The map comes after its series was decided and has no rounds: excluded from ratings and scores."""
    doubtful: Mapped[bool]
    """The map contradicts the other maps of its series: excluded from ratings and scores."""
    doubt: Mapped[str | None]
    """Why the map was never played or is doubtful."""
    is_rated: Mapped[bool]
    """Whether ratings, training and scores use the result: none of the four marks is set."""


class IdentityFinding(Base):
    """A decision about who is who with its evidence, or two names that could be one."""

    __tablename__ = "identity_findings"
    __table_args__ = (CheckConstraint("about IN ('team', 'player')", name="about_team_or_player"),)

    id: Mapped[IntKey]
    """Position: doubtful findings come first."""
    about: Mapped[str]
    """``team`` or ``player``."""
    name: Mapped[str]
    other_name: Mapped[str]
    """The other name; the same for two bearers of one name."""
    first_id: Mapped[int | None]
    """Id in ``teams`` or ``players``; null if it is not known there."""
    second_id: Mapped[int | None]
    is_one: Mapped[bool]
    """Whether both are one."""
    is_doubtful: Mapped[bool]
    """Whether an operator should look at it: the evidence is weak, missing or contradicted."""
    decided_by: Mapped[str]
    """``evidence`` or ``operator``."""
    decided_on: Mapped[date | None]
    """Day of the decision; null if nothing was decided."""
    evidence: Mapped[float | None]
    """Evidence for two bearers of one name, in alternations."""
    reason: Mapped[str]
    """The evidence in words."""


class PlayerMapStats(Base):
    """Statistics of one player on one map."""

    __tablename__ = "player_map_stats"

    map_result_id: Mapped[int] = mapped_column(ForeignKey("map_results.id", ondelete="CASCADE"), primary_key=True)
    player_id: Mapped[int] = mapped_column(ForeignKey("players.id"), primary_key=True, index=True)
    kills: Mapped[int] = mapped_column(SmallInteger)
    deaths: Mapped[int] = mapped_column(SmallInteger)
    adr: Mapped[float | None]
    """Average damage per round."""
    kast: Mapped[float | None]
    """Share of rounds with a kill, assist, survival or trade, in percent."""
    rating: Mapped[float | None]


class VetoAction(StrEnum):
    """What a step of a veto does with its map."""

    BAN = "ban"
    PICK = "pick"
    DECIDER = "decider"


class VetoStep(Base):
    """One step of the veto before a series: a map is banned, picked, or left over as the decider."""

    __tablename__ = "vetoes"
    __table_args__ = (
        CheckConstraint("action IN ('ban', 'pick', 'decider')", name="action_known"),
        CheckConstraint("(team_id IS NULL) = (action = 'decider')", name="only_a_decider_has_no_team"),
        UniqueConstraint("series_id", "map_id"),
    )

    series_id: Mapped[int] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    """Place in the order of the veto, from 1; steps that no source published are missing."""
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)
    action: Mapped[str]
    map_id: Mapped[int] = mapped_column(ForeignKey("maps.id"), index=True)


class Standing(Base):
    """Place of one roster in one of Valve's published standings."""

    __tablename__ = "standings"
    __table_args__ = (UniqueConstraint("published_on", "natural_key"),)

    id: Mapped[IntKey]
    natural_key: Mapped[str]
    published_on: Mapped[date]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    lineup_id: Mapped[int | None] = mapped_column(ForeignKey("lineups.id"), index=True)
    rank: Mapped[int]
    points: Mapped[float]
    starting_points: Mapped[float | None]
    region: Mapped[str | None]
