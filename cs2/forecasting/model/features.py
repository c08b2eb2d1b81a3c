"""Features of a map: one pure function for training, backtest and serving.

Every feature is a difference, side 1 minus side 2, of what was known before the day: exchanging the sides changes
nothing but the sign, to the last bit.
"""

from dataclasses import dataclass

import numpy as np

from cs2.forecasting.matches import UNKNOWN, BoolArray, FloatArray, IntArray, MatchQuestions
from cs2.forecasting.ratings.parameters import (
    DEFAULT,
    SETTLED_MAPS,
    RatingParameters,
    faded_mean,
    faded_variance,
    moderated,
    newcomer_skill,
)
from cs2.forecasting.ratings.state import RatingState, days_since
from cs2.forecasting.ratings.transfers import with_transfers

MOST_EXPERIENCE = 8.0
"""Mean log maps at which a lineup counts as fully experienced: about three thousand maps each."""

HABIT_MAPS = 3.0
"""Added to a team's recent maps before shares are taken, so that one map is no habit."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the design matrix.

    Attributes:
        name: Name in the code and in MLflow.
        unit: Unit of its values.
        meaning: What it measures, in words for users.
        stored_name: Name in ``ml_models.feature_names``, in stored contributions and in the API's explanations. It
            never changes: stored rows refer to it.
    """

    name: str
    unit: str
    meaning: str
    stored_name: str


FEATURES = (
    Feature(
        "rating_x_experience",
        "rating",
        "strength on this map (players, map, form), as far as both fives have played much",
        "rating_of_experienced",
    ),
    Feature(
        "org_rating", "rating", "results under the team's name, and under those its players come from", "name_rating"
    ),
    Feature("elo", "log-odds", "team Elo, of the team and of those its players come from", "elo"),
    Feature("map_strength", "rating", "how much better than usual the side is on this map", "map_strength"),
    Feature("form", "rating", "short-lived effect of the team's recent maps", "form"),
    Feature("top3_skill", "rating", "mean skill of the best three of the five", "best_three"),
    Feature(
        "top3_skill_x_experience",
        "rating",
        "best three of the five, as far as both fives have played much",
        "best_three_of_experienced",
    ),
    Feature("team_experience", "log maps", "logarithm of the maps the team has played", "team_experience"),
    Feature(
        "map_frequency",
        "share",
        "share of this map in recent maps of the team and those its players come from",
        "map_habit",
    ),
    Feature("has_lineup", "teams", "whether any five of the team are known", "lineup_known"),
)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)
STORED_FEATURE_NAMES = tuple(feature.stored_name for feature in FEATURES)

PLAYER_FEATURES = ("rating_x_experience", "top3_skill", "top3_skill_x_experience")
"""Features that rise with the skill of any player of the side: their coefficients must not be negative."""


@dataclass(frozen=True, slots=True)
class Matchup:
    """What is known of both sides of each fixture, shape (n, 2) each.

    Strengths are on the scale of the ratings, variances on its square; ``skill`` and its variance are those of the
    name where no lineup is known.
    """

    skill: FloatArray
    skill_variance: FloatArray
    top3_skill: FloatArray
    map_strength: FloatArray
    map_variance: FloatArray
    form: FloatArray
    form_variance: FloatArray
    name: FloatArray
    name_variance: FloatArray
    elo: FloatArray
    player_elo: FloatArray
    experience: FloatArray
    team_experience: FloatArray
    map_frequency: FloatArray
    lineup: IntArray
    """The five that were used, shape (n, 2, 5)."""
    has_lineup: BoolArray

    @property
    def strength(self) -> FloatArray:
        """Of each side on the map."""
        return self.skill + self.map_strength + self.form

    @property
    def experienced(self) -> FloatArray:
        """How experienced the less experienced five is, from 0 to 1; 0 where a lineup is unknown, shape (n,)."""
        share: FloatArray = np.clip(self.experience.min(axis=1) / MOST_EXPERIENCE, 0.0, 1.0)
        return share

    @property
    def variance(self) -> FloatArray:
        """Of the difference of strengths, shape (n,)."""
        both: FloatArray = (self.skill_variance + self.map_variance + self.form_variance).sum(axis=1)
        return both


def _rows(ids: IntArray, size: int) -> IntArray:
    """Ids as rows of the state; ids it has never seen are row 0, which holds the priors."""
    return np.where((ids > 0) & (ids < size), ids, 0)


def read_matchup(state: RatingState, fixtures: MatchQuestions, p: RatingParameters = DEFAULT) -> Matchup:
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

    gap = days_since(state.team_day[teams], fixtures.day[:, None])
    n_maps = state.team_maps[teams].sum(axis=2)
    told_players = np.where(given, players, 0)
    name, elo, on_this_map, on_all = with_transfers(state, teams, maps, told_players, fixtures.day, p)
    name_variance = state.name[teams, 1] + p.name_drift * gap

    seen = state.player_maps[players]
    settled = (seen >= SETTLED_MAPS).astype(float)
    n_mates = settled.sum(axis=2)
    raw = state.skill[players, 0]
    mates = (raw * settled).sum(axis=2) / np.maximum(n_mates, 1.0)
    prior = newcomer_skill(mates, n_mates, name, n_maps, p)
    skills = np.where(seen == 0, prior[:, :, None], raw)
    idle = days_since(state.player_day[players], fixtures.day[:, None, None])
    skill_variance = (state.skill[players, 1] + p.skill_drift * idle).sum(axis=2) / 25.0

    offsets = state.player_map[players, maps[:, :, None]]
    of_team = state.team_map[teams, maps]
    return Matchup(
        skill=np.where(known, skills.sum(axis=2) / 5.0, name),
        skill_variance=np.where(known, skill_variance, name_variance),
        top3_skill=np.where(known, np.sort(skills, axis=2)[:, :, -3:].sum(axis=2) / 3.0, name),
        map_strength=(offsets[..., 0].sum(axis=2) / 5.0 * known + of_team[..., 0]) * on_map,
        map_variance=(offsets[..., 1].sum(axis=2) / 25.0 * known + of_team[..., 1]) * on_map,
        form=faded_mean(state.team[teams, 0], gap, p),
        form_variance=faded_variance(state.team[teams, 1], gap, p),
        name=name,
        name_variance=name_variance,
        elo=elo,
        player_elo=np.where(known, state.player_elo[players].sum(axis=2) / 5.0, elo),
        experience=np.where(known, np.log1p(seen).sum(axis=2) / 5.0, 0.0),
        team_experience=np.log1p(n_maps),
        map_frequency=on_this_map / (on_all + HABIT_MAPS) * on_map,
        lineup=lineup,
        has_lineup=known,
    )


def design_matrix(sides: Matchup) -> FloatArray:
    """Design matrix of sides that were read, shape (n, n_features)."""

    def difference(values: FloatArray) -> FloatArray:
        result: FloatArray = values[:, 0] - values[:, 1]
        return result

    rating = moderated(difference(sides.strength), sides.variance)
    top3_skill = difference(sides.top3_skill)
    columns = [
        rating * sides.experienced,
        moderated(difference(sides.name), sides.name_variance.sum(axis=1)),
        difference(sides.elo),
        difference(sides.map_strength),
        difference(sides.form),
        top3_skill,
        top3_skill * sides.experienced,
        difference(sides.team_experience),
        difference(sides.map_frequency),
        difference(sides.has_lineup.astype(float)),
    ]
    return np.column_stack(columns)


def features(state: RatingState, fixtures: MatchQuestions, p: RatingParameters = DEFAULT) -> FloatArray:
    """Design matrix of ``fixtures`` by what ``state`` knows.

    Args:
        state: The ratings, learned through a day before that of every fixture.
        fixtures: Maps to forecast, n of them.
        p: Parameters of the ratings: those they were learned with.

    Returns:
        One row a fixture, one column a feature of ``FEATURES``, shape (n, n_features).
    """
    return design_matrix(read_matchup(state, fixtures, p))
