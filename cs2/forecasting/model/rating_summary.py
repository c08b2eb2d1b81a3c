"""Ratings of one team or one player for display: the strength that forecasts start from, and the Elo."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from cs2.forecasting.matches import UNKNOWN, MatchQuestions
from cs2.forecasting.model.features import read_matchup
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.forecasting.ratings.update import NEVER


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """Strength of a team or player at the end of the snapshot's day.

    Attributes:
        value: Strength on the scale of the ratings (``RatingParameters``).
        error: Standard error of the strength, on the same scale.
        elo: Elo in log-odds: the chance to win a map against an Elo lower by d is 1 / (1 + exp(-d)).
        maps: Number of learned maps and series.
    """

    value: float
    error: float
    elo: float
    maps: int


def summarise_team(snapshot: RatingSnapshot, team_id: int, p: RatingParameters = DEFAULT) -> RatingSummary | None:
    """Summarise a team with its latest five on any map, or by its organisation; None for a team without matches."""
    state = snapshot.state
    if not 0 < team_id < len(state.elo) or (
        snapshot.latest_lineup(team_id) is None and state.team_day[team_id] <= NEVER
    ):
        return None
    alone = MatchQuestions(
        map_id=np.array([UNKNOWN]),
        team_ids=np.array([[team_id, team_id]]),
        player_ids=np.full((1, 2, 5), UNKNOWN),
        day=np.array([snapshot.as_of]),
    )
    sides = read_matchup(state, alone, p)
    return RatingSummary(
        value=float(sides.skill[0, 0] + sides.form[0, 0]),
        error=sqrt(float(sides.skill_variance[0, 0] + sides.form_variance[0, 0])),
        elo=float(state.elo[team_id]),
        maps=int(state.team_maps[team_id].sum()),
    )


def summarise_player(snapshot: RatingSnapshot, player_id: int, p: RatingParameters = DEFAULT) -> RatingSummary | None:
    """Summarise a player's skill; None for a player without a rated map."""
    state = snapshot.state
    if not 0 < player_id < len(state.player_maps) or state.player_maps[player_id] == 0:
        return None
    idle = max(0, snapshot.as_of - int(state.player_day[player_id])) if state.player_day[player_id] > NEVER else 0
    return RatingSummary(
        value=float(state.skill[player_id, 0]),
        error=sqrt(float(state.skill[player_id, 1]) + p.skill_drift * idle),
        elo=float(state.player_elo[player_id]),
        maps=int(state.player_maps[player_id]),
    )
