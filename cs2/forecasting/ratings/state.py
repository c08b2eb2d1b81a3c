"""The ratings as arrays by id: what the engine writes, features read and a snapshot stores."""

from dataclasses import dataclass, fields

import numpy as np

from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray, MatchHistory
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.update import NEVER

POOL_DAYS = 90
"""Days whose maps make up the active pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingState:
    """All ratings; rows are ids (row 0 and ids without a match hold the priors).

    Attributes:
        skill: Mean and variance of each player's skill, shape (n_players, 2).
        player_maps: Maps learned by player, shape (n_players,).
        player_day: Day of the player's last learned map, shape (n_players,).
        player_team: Team of the latest lineup with the player, UNKNOWN before the first, shape (n_players,).
        player_map: Mean and variance of each player's offset on each map, shape (n_players, n_maps, 2).
        team_map: The same of each team, shape (n_teams, n_maps, 2).
        form: Mean and variance of each team's form, its short-lived strength, shape (n_teams, 2).
        team_day: Day to which ``form``, ``org`` and ``map_frequency`` belong, shape (n_teams,).
        org: Mean and variance of the rating of the organisation, the results under the team's name, shape (n_teams, 2).
        team_maps: Maps learned by team and map; series whose maps are unknown in column 0, shape (n_teams, n_maps).
        map_frequency: Maps played by team and map, fading, as of ``team_day``, shape (n_teams, n_maps).
        lineup: Latest five players of the team, UNKNOWN where none is known, shape (n_teams, 5).
        elo: Team Elo in log-odds, shape (n_teams,). Like ``org`` and ``map_frequency`` it follows transferred players
            (``transfers``).
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
    form: FloatArray
    team_day: IntArray
    org: FloatArray
    team_maps: IntArray
    map_frequency: FloatArray
    lineup: IntArray
    elo: FloatArray
    player_elo: FloatArray
    pool: IntArray
    pool_day: IntArray

    @classmethod
    def empty(cls, *, n_players: int, n_teams: int, n_maps: int, p: RatingParameters = DEFAULT) -> "RatingState":
        """Return the priors for ids below the given sizes."""

        def prior(variance: float, *shape: int) -> FloatArray:
            return np.stack([np.zeros(shape), np.full(shape, variance)], axis=-1)

        return cls(
            skill=prior(p.skill_variance, n_players),
            player_maps=np.zeros(n_players, np.int64),
            player_day=np.full(n_players, NEVER, np.int64),
            player_team=np.full(n_players, UNKNOWN, np.int64),
            player_map=prior(p.player_map_variance, n_players, n_maps),
            team_map=prior(p.team_map_variance, n_teams, n_maps),
            form=prior(p.form_variance, n_teams),
            team_day=np.full(n_teams, NEVER, np.int64),
            org=prior(p.org_variance, n_teams),
            team_maps=np.zeros((n_teams, n_maps), np.int64),
            map_frequency=np.zeros((n_teams, n_maps)),
            lineup=np.full((n_teams, 5), UNKNOWN, np.int64),
            elo=np.zeros(n_teams),
            player_elo=np.zeros(n_players),
            pool=np.zeros((POOL_DAYS, n_maps), np.int64),
            pool_day=np.full(POOL_DAYS, NEVER, np.int64),
        )

    @classmethod
    def for_history(cls, history: MatchHistory, p: RatingParameters = DEFAULT) -> "RatingState":
        """Return the priors for every id of ``history``."""
        return cls.empty(
            n_players=int(history.player_ids.max(initial=0)) + 1,
            n_teams=int(max(history.team_ids.max(initial=0), history.predecessor_ids.max(initial=0))) + 1,
            n_maps=int(history.map_id.max(initial=0)) + 1,
            p=p,
        )

    def knows_maps(self) -> bool:
        """Whether any map was rated; False if the source publishes only results of series."""
        return bool(self.team_maps.shape[1] > 1)

    def copy(self) -> "RatingState":
        """Return a state with arrays of its own."""
        return RatingState(**{field.name: getattr(self, field.name).copy() for field in fields(self)})


def days_since(then: IntArray, now: IntArray) -> FloatArray:
    """Days from ``then`` to ``now``, zero where ``then`` is NEVER or later than ``now``."""
    return np.where(then > NEVER, np.maximum(now - then, 0), 0).astype(float)
