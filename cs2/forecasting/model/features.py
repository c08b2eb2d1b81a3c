"""Features of a map: one pure function for training, backtest and serving.

Every feature is a difference, side 1 minus side 2, of ratings before the day. Exchanging the sides changes nothing but
the sign, to the last bit.
"""

from dataclasses import dataclass

import numpy as np

from cs2.forecasting.matches import UNKNOWN, BoolArray, FloatArray, IntArray, MatchQuestions
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.state import RatingState, days_since
from cs2.forecasting.ratings.transfers import with_transfers
from cs2.forecasting.ratings.update import SETTLED_MAPS, faded_mean, faded_variance, moderated, newcomer_skill

MOST_EXPERIENCE = 8.0
"""Mean log maps at which a lineup counts as fully experienced: about three thousand maps each."""

FREQUENCY_PRIOR_MAPS = 3.0
"""Maps added to the recent maps of a team before shares are taken, so that one map alone has little weight."""


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
"""Features that rise with the skill of each player of a side: their coefficients must not be negative."""


@dataclass(frozen=True, slots=True)
class Matchup:
    """Ratings of both sides of each question, shape (n, 2) each.

    Strengths are on the scale of the ratings, variances on its square. Without a known lineup, ``skill`` and its
    variance are those of the organisation.
    """

    skill: FloatArray
    skill_variance: FloatArray
    top3_skill: FloatArray
    map_strength: FloatArray
    map_variance: FloatArray
    form: FloatArray
    form_variance: FloatArray
    org_rating: FloatArray
    org_variance: FloatArray
    elo: FloatArray
    player_elo: FloatArray
    experience: FloatArray
    team_experience: FloatArray
    map_frequency: FloatArray
    lineup: IntArray
    """Given lineups, else the latest ones, shape (n, 2, 5)."""
    has_lineup: BoolArray

    @property
    def strength(self) -> FloatArray:
        """Strength of each side on the map, shape (n, 2)."""
        return self.skill + self.map_strength + self.form

    @property
    def experienced(self) -> FloatArray:
        """Experience of the less experienced five, from 0 to 1; 0 if a lineup is unknown, shape (n,)."""
        share: FloatArray = np.clip(self.experience.min(axis=1) / MOST_EXPERIENCE, 0.0, 1.0)
        return share

    @property
    def variance(self) -> FloatArray:
        """Variance of the difference of strengths, shape (n,)."""
        both: FloatArray = (self.skill_variance + self.map_variance + self.form_variance).sum(axis=1)
        return both


def _rows(ids: IntArray, size: int) -> IntArray:
    """Map ids to rows of the state; ids beyond it map to row 0, which holds the priors."""
    return np.where((ids > 0) & (ids < size), ids, 0)


def read_matchup(state: RatingState, questions: MatchQuestions, p: RatingParameters = DEFAULT) -> Matchup:
    """Read the ratings of both sides of each question from ``state``, as they will be on the day of play."""
    teams = _rows(questions.team_ids, len(state.elo))
    maps = np.broadcast_to(_rows(questions.map_id, state.team_maps.shape[1])[:, None], teams.shape)
    # Ratings of series alone know no map: then every map is UNKNOWN, as in their training.
    is_named = (questions.map_id != UNKNOWN) & state.knows_maps()
    on_map = np.broadcast_to(is_named[:, None], teams.shape).astype(float)
    given = questions.player_ids[:, :, :1] != UNKNOWN
    lineup = np.where(given, questions.player_ids, state.lineup[teams])
    has_lineup = lineup[:, :, 0] != UNKNOWN
    players = _rows(lineup, len(state.player_maps))

    gap = days_since(state.team_day[teams], questions.day[:, None])
    n_maps = state.team_maps[teams].sum(axis=2)
    given_players = np.where(given, players, 0)
    org, elo, on_this_map, on_all = with_transfers(state, teams, maps, given_players, questions.day, p)
    org_variance = state.org[teams, 1] + p.org_drift * gap

    n_played = state.player_maps[players]
    settled = (n_played >= SETTLED_MAPS).astype(float)
    n_mates = settled.sum(axis=2)
    learned = state.skill[players, 0]
    mates = (learned * settled).sum(axis=2) / np.maximum(n_mates, 1.0)
    prior = newcomer_skill(mates, n_mates, org, n_maps, p)
    skills = np.where(n_played == 0, prior[:, :, None], learned)
    idle = days_since(state.player_day[players], questions.day[:, None, None])
    skill_variance = (state.skill[players, 1] + p.skill_drift * idle).sum(axis=2) / 25.0

    offsets = state.player_map[players, maps[:, :, None]]
    team_offsets = state.team_map[teams, maps]
    return Matchup(
        skill=np.where(has_lineup, skills.sum(axis=2) / 5.0, org),
        skill_variance=np.where(has_lineup, skill_variance, org_variance),
        top3_skill=np.where(has_lineup, np.sort(skills, axis=2)[:, :, -3:].sum(axis=2) / 3.0, org),
        map_strength=(offsets[..., 0].sum(axis=2) / 5.0 * has_lineup + team_offsets[..., 0]) * on_map,
        map_variance=(offsets[..., 1].sum(axis=2) / 25.0 * has_lineup + team_offsets[..., 1]) * on_map,
        form=faded_mean(state.form[teams, 0], gap, p),
        form_variance=faded_variance(state.form[teams, 1], gap, p),
        org_rating=org,
        org_variance=org_variance,
        elo=elo,
        player_elo=np.where(has_lineup, state.player_elo[players].sum(axis=2) / 5.0, elo),
        experience=np.where(has_lineup, np.log1p(n_played).sum(axis=2) / 5.0, 0.0),
        team_experience=np.log1p(n_maps),
        map_frequency=on_this_map / (on_all + FREQUENCY_PRIOR_MAPS) * on_map,
        lineup=lineup,
        has_lineup=has_lineup,
    )


def design_matrix(sides: Matchup) -> FloatArray:
    """Compute the features of both sides of n questions, shape (n, n_features)."""

    def difference(values: FloatArray) -> FloatArray:
        result: FloatArray = values[:, 0] - values[:, 1]
        return result

    rating = moderated(difference(sides.strength), sides.variance)
    top3_skill = difference(sides.top3_skill)
    columns = [
        rating * sides.experienced,
        moderated(difference(sides.org_rating), sides.org_variance.sum(axis=1)),
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


def features(state: RatingState, questions: MatchQuestions, p: RatingParameters = DEFAULT) -> FloatArray:
    """Compute the features of n questions from the ratings.

    Args:
        state: Ratings at the end of a day before those of all questions.
        questions: Maps to forecast, n of them.
        p: Parameters of the ratings, the same as in learning.

    Returns:
        One row per question, one column per feature of ``FEATURES``, shape (n, n_features).
    """
    return design_matrix(read_matchup(state, questions, p))
