"""Features of a map: one pure function for training, backtest and serving.

Every feature is a difference, side 1 minus side 2, of what was known before the day: exchanging the sides changes
nothing but the sign, to the last bit.
"""

from dataclasses import dataclass

import numpy as np

from cs2.forecasting.history import UNKNOWN, BoolArray, Fixtures, FloatArray, IntArray
from cs2.forecasting.parameters import (
    DEFAULT,
    SETTLED_MAPS,
    RatingParameters,
    damped,
    faded_mean,
    faded_variance,
    newcomer_skill,
)
from cs2.forecasting.state import NEVER, RatingState

FEATURES_VERSION = 1
"""Raised when the meaning of a feature or rating changes: models and snapshots of another version do not fit."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature: its name, its unit and what it says in words that a person reads."""

    name: str
    unit: str
    meaning: str


FEATURES = (
    Feature("rating", "log-odds", "strength on this map, by players, map and form, shrunk by its uncertainty"),
    Feature("name_rating", "log-odds", "results of the team's name, whoever played"),
    Feature("elo", "log-odds", "team Elo"),
    Feature("player_elo", "log-odds", "mean Elo of the five"),
    Feature("skill", "log-odds", "mean skill of the five on all maps"),
    Feature("best_player", "log-odds", "skill of the best of the five"),
    Feature("map_strength", "log-odds", "how much better than usual the side is on this map"),
    Feature("form", "log-odds", "short-lived effect of the team's recent maps"),
    Feature("experience", "log maps", "mean logarithm of the maps the five have played"),
    Feature("newcomers", "players", "players with fewer than three known maps"),
    Feature("map_experience", "log maps", "logarithm of the maps the team has played on this map"),
)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True, slots=True)
class Sides:
    """What is known of both sides of each fixture, shape (n, 2) each; variances in squared log-odds."""

    skill: FloatArray
    best_player: FloatArray
    map_strength: FloatArray
    form: FloatArray
    name: FloatArray
    variance: FloatArray
    name_variance: FloatArray
    elo: FloatArray
    player_elo: FloatArray
    experience: FloatArray
    newcomers: FloatArray
    map_experience: FloatArray
    lineup: IntArray
    """The five that were used, shape (n, 2, 5)."""
    lineup_known: BoolArray


def _rows(ids: IntArray, size: int) -> IntArray:
    """Ids as rows of the state; ids it has never seen are row 0, which holds the priors."""
    return np.where((ids > 0) & (ids < size), ids, 0)


def read_sides(state: RatingState, fixtures: Fixtures, p: RatingParameters = DEFAULT) -> Sides:
    """Gather what ``state`` knows about the sides of ``fixtures``."""

    teams = _rows(fixtures.team_ids, len(state.elo))
    maps = np.broadcast_to(_rows(fixtures.map_id, state.team_maps.shape[1])[:, None], teams.shape)
    # Ratings that never saw a map know of none: then every map is UNKNOWN, as in their training.
    told = (fixtures.map_id != UNKNOWN) & state.knows_maps()
    on_map = np.broadcast_to(told[:, None], teams.shape).astype(float)
    given = fixtures.player_ids[:, :, :1] != UNKNOWN
    lineup = np.where(given, fixtures.player_ids, state.lineup[teams])
    known = lineup[:, :, 0] != UNKNOWN
    players = _rows(lineup, len(state.player_maps))

    gap = np.where(
        state.team_day[teams] > NEVER, np.maximum(fixtures.day[:, None] - state.team_day[teams], 0), 0
    ).astype(float)
    form = faded_mean(state.team[teams, 0], gap, p)
    form_variance = faded_variance(state.team[teams, 1], gap, p)
    name, name_variance = state.name[teams, 0], state.name[teams, 1] + p.name_drift * gap

    seen = state.player_maps[players]
    settled = (seen >= SETTLED_MAPS).astype(float)
    n_mates = settled.sum(axis=2)
    raw = state.skill[players, 0]
    mates = (raw * settled).sum(axis=2) / np.maximum(n_mates, 1.0)
    prior = newcomer_skill(mates, n_mates, name, state.team_maps[teams].sum(axis=2), p)
    skills = np.where(seen == 0, prior[:, :, None], raw)
    idle = np.where(
        state.player_day[players] > NEVER,
        np.maximum(fixtures.day[:, None, None] - state.player_day[players], 0),
        0,
    )
    skill_variance = (state.skill[players, 1] + p.skill_drift * idle).sum(axis=2) / 25.0

    offsets = state.player_map[players, maps[:, :, None]]
    five_on_map = offsets[..., 0].sum(axis=2) / 5.0 * known
    five_on_map_variance = offsets[..., 1].sum(axis=2) / 25.0 * known
    team_on_map = state.team_map[teams, maps]
    strength = np.where(known, skills.sum(axis=2) / 5.0, name)
    return Sides(
        skill=strength,
        best_player=np.where(known, skills.max(axis=2), name),
        map_strength=(five_on_map + team_on_map[..., 0]) * on_map,
        form=form,
        name=name,
        variance=np.where(known, skill_variance, name_variance)
        + form_variance
        + (five_on_map_variance + team_on_map[..., 1]) * on_map,
        name_variance=name_variance,
        elo=state.elo[teams],
        player_elo=np.where(known, state.player_elo[players].sum(axis=2) / 5.0, state.elo[teams]),
        experience=np.where(known, np.log1p(seen).sum(axis=2) / 5.0, 0.0),
        newcomers=np.where(known, 5.0 - n_mates, 0.0),
        map_experience=np.log1p(state.team_maps[teams, maps]) * on_map,
        lineup=lineup,
        lineup_known=known,
    )


def from_sides(sides: Sides) -> FloatArray:
    """Design matrix of sides that were read, shape (n, n_features)."""
    strength = sides.skill + sides.map_strength + sides.form
    variance = sides.variance[:, 0] + sides.variance[:, 1]
    name_variance = sides.name_variance[:, 0] + sides.name_variance[:, 1]
    both_known = sides.lineup_known[:, 0] & sides.lineup_known[:, 1]

    def difference(values: FloatArray) -> FloatArray:
        result: FloatArray = values[:, 0] - values[:, 1]
        return result

    columns = [
        damped(difference(strength), variance),
        damped(difference(sides.name), name_variance),
        difference(sides.elo),
        difference(sides.player_elo) * both_known,
        difference(sides.skill),
        difference(sides.best_player),
        difference(sides.map_strength),
        difference(sides.form),
        difference(sides.experience) * both_known,
        difference(sides.newcomers) * both_known,
        difference(sides.map_experience),
    ]
    return np.column_stack(columns)


def features(state: RatingState, fixtures: Fixtures, p: RatingParameters = DEFAULT) -> FloatArray:
    """Design matrix of ``fixtures`` by what ``state`` knows.

    Args:
        state: The ratings, learned through a day before that of every fixture.
        fixtures: Maps to forecast, n of them.
        p: Parameters of the ratings: those they were learned with.

    Returns:
        One row a fixture, one column a feature of ``FEATURES``, shape (n, n_features).
    """
    return from_sides(read_sides(state, fixtures, p))
