"""The ratings as arrays by id: what the engine writes, features read and a snapshot stores."""

from dataclasses import dataclass, fields

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray, MatchHistory
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters

NEVER = -(10**6)
"""Day number of something that has not happened."""

POOL_DAYS = 90
"""Maps played in so many days tell the active pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingState:
    """All ratings; rows are ids (row 0 and ids never seen hold the priors).

    Attributes:
        skill: Mean and variance of each player's skill, shape (n_players, 2).
        player_maps: Maps learned by player, shape (n_players,).
        player_day: Day of the player's last learned map, shape (n_players,).
        player_team: Team of the latest known five the player was in, UNKNOWN before the first, shape (n_players,).
        player_map: Mean and variance of each player's offset on each map, shape (n_players, n_maps, 2).
        team_map: The same of each team, shape (n_teams, n_maps, 2).
        team: Mean and variance of the short-lived team effect, shape (n_teams, 2).
        team_day: Day to which ``team`` and ``name`` belong, shape (n_teams,).
        name: Mean and variance of the rating of the team's name, shape (n_teams, 2).
        team_maps: Maps learned by team and map; series whose maps are unknown in column 0, shape (n_teams, n_maps).
        habit: Maps played by team and map, fading, as of ``team_day``, shape (n_teams, n_maps).
        lineup: Latest five players of the team, UNKNOWN where none is known, shape (n_teams, 5).
        elo: Team Elo in log-odds; it follows players (``arrivals``), as ``name`` and ``habit`` do, shape (n_teams,).
        player_elo: Player Elo in log-odds, shape (n_players,).
        pool: Maps played by day (modulo POOL_DAYS) and map, shape (POOL_DAYS, n_maps).
        pool_day: Day number of each line of ``pool``, shape (POOL_DAYS,).
    """

    skill: FloatArray
    player_maps: IntArray
    player_day: IntArray
    player_team: IntArray
    player_map: FloatArray
    team_map: FloatArray
    team: FloatArray
    team_day: IntArray
    name: FloatArray
    team_maps: IntArray
    habit: FloatArray
    lineup: IntArray
    elo: FloatArray
    player_elo: FloatArray
    pool: IntArray
    pool_day: IntArray

    @classmethod
    def empty(cls, *, n_players: int, n_teams: int, n_maps: int, p: RatingParameters = DEFAULT) -> "RatingState":
        """Priors only, for ids below the given sizes."""

        def prior(variance: float, *shape: int) -> FloatArray:
            return np.stack([np.zeros(shape), np.full(shape, variance)], axis=-1)

        return cls(
            skill=prior(p.skill_variance, n_players),
            player_maps=np.zeros(n_players, np.int64),
            player_day=np.full(n_players, NEVER, np.int64),
            player_team=np.full(n_players, UNKNOWN, np.int64),
            player_map=prior(p.player_map_variance, n_players, n_maps),
            team_map=prior(p.team_map_variance, n_teams, n_maps),
            team=prior(p.team_variance, n_teams),
            team_day=np.full(n_teams, NEVER, np.int64),
            name=prior(p.name_variance, n_teams),
            team_maps=np.zeros((n_teams, n_maps), np.int64),
            habit=np.zeros((n_teams, n_maps)),
            lineup=np.full((n_teams, 5), UNKNOWN, np.int64),
            elo=np.zeros(n_teams),
            player_elo=np.zeros(n_players),
            pool=np.zeros((POOL_DAYS, n_maps), np.int64),
            pool_day=np.full(POOL_DAYS, NEVER, np.int64),
        )

    @classmethod
    def for_history(cls, history: MatchHistory, p: RatingParameters = DEFAULT) -> "RatingState":
        """Room for every id of ``history``."""
        return cls.empty(
            n_players=int(history.player_ids.max(initial=0)) + 1,
            n_teams=int(history.team_ids.max(initial=0)) + 1,
            n_maps=int(history.map_id.max(initial=0)) + 1,
            p=p,
        )

    def knows_maps(self) -> bool:
        """Whether any map was rated: not so where only results of series are published."""
        return bool(self.team_maps.shape[1] > 1)

    def copy(self) -> "RatingState":
        """Arrays of its own."""
        return RatingState(**{field.name: getattr(self, field.name).copy() for field in fields(self)})


def days_since(then: IntArray, now: IntArray) -> FloatArray:
    """Days since something, zero where it never happened."""
    return np.where(then > NEVER, np.maximum(now - then, 0), 0).astype(float)
