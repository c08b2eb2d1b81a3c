"""Constants of the ratings, tuned on 2024-07-01 .. 2025-06-30 (some on the years before, too)."""

from typing import NamedTuple


class RatingParameters(NamedTuple):
    """Constants of the rating engine.

    Strengths are on a scale of their own, about nine units per log-odds of a map: the regression on the features brings
    them to log-odds.

    Attributes:
        skill_variance: Variance of a newcomer's skill.
        skill_drift: Variance that a skill gains per day.
        player_map_variance: Prior variance of a player's offset on a map.
        team_map_variance: Prior variance of a team's offset on a map.
        form_variance: Stationary variance of a team's form.
        form_days: Days in which form fades to 1/e.
        org_variance: Prior variance of the rating of an organisation, the results under a team's name.
        org_drift: Variance that the rating of an organisation gains per day.
        newcomer_mean: Skill of a newcomer without settled team mates or a settled organisation.
        mates_share: Weight of the mean skill of settled team mates in a newcomer's skill.
        org_share: Weight of a settled organisation in the skill of a newcomer without settled team mates.
        win_weight: Weight of the observation of the win.
        share_weight: Weight of the observation of the share of rounds.
        share_slope: Difference of strengths that a difference of one in the shares of rounds stands for.
        share_variance: Variance of the observed share of rounds.
        series_slope: Log-odds of a series per log-odds of a map.
        series_weight: Weight of the observation of a series without maps.
        transfer_share: Share of organisation, Elo and map frequencies that five transferred players bring along.
        map_frequency_days: Days in which a team's map counts fade to 1/e.
        map_frequency_prior: Maps of a team that weigh as much as the map frequencies of all teams.
        first_pass_share: Weight of the result of the first pass in a newcomer's start in the second pass.
        first_pass_variance: Variance of such a start, as a share of a newcomer's variance.
        first_pass_maps: Maps in the first pass that give half of both effects.
        elo_k: Step of the team Elo, in log-odds.
        player_elo_k: Step of the player Elo, in log-odds.
        newcomer_elo_factor: Factor on the first step of either Elo, less one.
        newcomer_elo_maps: Maps after which half of that factor is left.
    """

    skill_variance: float = 4
    skill_drift: float = 7.1e-06
    player_map_variance: float = 0.0072
    team_map_variance: float = 0.054
    form_variance: float = 0.0049
    form_days: float = 84
    org_variance: float = 44
    org_drift: float = 0.049
    newcomer_mean: float = -7.9
    mates_share: float = 0.541
    org_share: float = 0.9
    win_weight: float = 1.2
    share_weight: float = 0.15
    share_slope: float = 27.9
    share_variance: float = 0.76
    series_slope: float = 2.9
    series_weight: float = 2.1
    transfer_share: float = 0.5
    map_frequency_days: float = 110.0
    map_frequency_prior: float = 10.0
    first_pass_share: float = 0.75
    first_pass_variance: float = 0.27
    first_pass_maps: float = 5.6
    elo_k: float = 0.045
    player_elo_k: float = 0.085
    newcomer_elo_factor: float = 4.0
    newcomer_elo_maps: float = 20.0


DEFAULT = RatingParameters()
