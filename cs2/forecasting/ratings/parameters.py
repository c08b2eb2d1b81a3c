"""Constants of the ratings, tuned on 2024-07-01 .. 2025-06-30 (some on the years before, too), and their formulas.

The formulas use arithmetic operators alone, so that numba compiles them for the engine and numpy broadcasts them for
features: a rating is read by the same line of code in training and in serving.
"""

from typing import Any, NamedTuple

import numpy as np


class RatingParameters(NamedTuple):
    """Constants of the rating engine. Strengths are on a scale of their own, about nine to a log-odds of a map: the
    regression on the features brings them to log-odds.

    Attributes:
        skill_variance: Variance of a newcomer's skill.
        skill_drift: Variance that a skill gains a day.
        player_map_variance: Prior variance of a player's offset on a map.
        team_map_variance: Prior variance of a team's offset on a map.
        team_variance: Stationary variance of the short-lived team effect.
        team_days: Days in which the short-lived team effect fades to 1/e.
        name_variance: Prior variance of the rating of a team's name.
        name_drift: Variance that a name's rating gains a day.
        newcomer_mean: Skill of a newcomer of whom nothing is known.
        mates_share: How far a newcomer starts towards the mean of settled team mates.
        name_share: Weight of the name's rating for a newcomer without settled mates, per settled map of the name.
        win_weight: Weight of the observation of the win.
        share_weight: Weight of the observation of the share of rounds.
        share_slope: Log-odds that a share difference of one stands for.
        share_variance: Variance of the share of rounds, in log-odds.
        series_slope: Log-odds of a series for one of a map.
        series_weight: Weight of the observation of a series without maps.
        arrival_share: How far name, Elo and habits of a team go towards those of the teams that its five come from.
        habit_days: Days in which a team's map counts fade to 1/e.
        habit_prior: So many maps of a team weigh as much as what everybody plays.
        hindsight_share: How far a newcomer of the second pass starts towards what the first pass found.
        hindsight_variance: Variance with which he starts then, as a share of that of a newcomer.
        hindsight_maps: Maps in the first pass for half of both.
        elo_k: Step of the team Elo, in log-odds.
        player_elo_k: Step of the player Elo, in log-odds.
        elo_debut: How many times larger the first step of either Elo is, less one.
        elo_debut_maps: Maps after which half of that is left.
    """

    skill_variance: float = 4
    skill_drift: float = 7.1e-06
    player_map_variance: float = 0.0072
    team_map_variance: float = 0.054
    team_variance: float = 0.0049
    team_days: float = 84
    name_variance: float = 44
    name_drift: float = 0.049
    newcomer_mean: float = -7.9
    mates_share: float = 0.541
    name_share: float = 0.9
    win_weight: float = 1.2
    share_weight: float = 0.15
    share_slope: float = 27.9
    share_variance: float = 0.76
    series_slope: float = 2.9
    series_weight: float = 2.1
    transfer_share: float = 0.5
    habit_days: float = 110.0
    habit_prior: float = 10.0
    first_pass_share: float = 0.75
    first_pass_variance: float = 0.27
    first_pass_maps: float = 5.6
    elo_k: float = 0.045
    player_elo_k: float = 0.085
    elo_debut: float = 4.0
    elo_debut_maps: float = 20.0


DEFAULT = RatingParameters()

SETTLED_MAPS = 3
"""A player or name with so many learned maps says something about the newcomers beside him."""


def newcomer_skill(mates_mean: Any, n_mates: Any, name_mean: Any, name_maps: Any, p: RatingParameters) -> Any:
    """Prior mean of a newcomer's skill: between the newcomer's mean and settled team mates, else the name's rating.

    Args:
        mates_mean: Mean skill of settled team mates (0 where there is none).
        n_mates: How many there are.
        name_mean: Rating of the team's name.
        name_maps: Maps that the name's rating has learned.
        p: The parameters.
    """
    by_mates = (n_mates > 0) * p.mates_share
    by_name = (n_mates == 0) * (name_maps >= SETTLED_MAPS) * p.name_share
    return by_mates * mates_mean + by_name * name_mean + (1.0 - by_mates - by_name) * p.newcomer_mean


def faded_mean(mean: Any, days: Any, p: RatingParameters) -> Any:
    """Team effect after ``days`` without a map: an Ornstein-Uhlenbeck process returns to zero."""
    return mean * np.exp(-days / p.team_days)


def faded_variance(variance: Any, days: Any, p: RatingParameters) -> Any:
    """Variance of the team effect after ``days``: it returns to the stationary one."""
    return p.team_variance + (variance - p.team_variance) * np.exp(-2.0 * days / p.team_days)


def moderated(difference: Any, variance: Any) -> Any:
    """Log-odds of a win when the difference of strengths is normal. Source: MacKay (1992), 'The evidence framework'."""
    return difference / np.sqrt(1.0 + np.pi * variance / 8.0)
