"""Baselines for every forecast: the tuned Elos; and tiers by the strength of both teams."""

import numpy as np
from numpy.typing import NDArray

from cs2.forecasting.matches import FloatArray, IntArray, MatchQuestions
from cs2.forecasting.model.features import read_matchup
from cs2.forecasting.ratings.parameters import DEFAULT, RatingParameters
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.series.score_lines import BEST_OF, score_lines

USUAL_BEST_OF = 3
"""Best-of assumed for a series whose source does not publish it."""

TOP_30 = "both in Valve's top 30"
TOP_100 = "both in the top 100, not both in the top 30"
OTHERS = "others"
TIERS = (TOP_30, TOP_100, OTHERS)


def elo_log_odds(state: RatingState, questions: MatchQuestions, p: RatingParameters = DEFAULT) -> FloatArray:
    """Log-odds of a map by team Elo and by player Elo (team Elo if a lineup is unknown), shape (n, 2)."""
    sides = read_matchup(state, questions, p)
    elo = sides.elo[:, 0] - sides.elo[:, 1]
    known = sides.has_lineup.all(axis=1)
    return np.column_stack([elo, np.where(known, sides.player_elo[:, 0] - sides.player_elo[:, 1], elo)])


def usual_best_of(best_of: IntArray) -> IntArray:
    """Replace a best-of that is unknown or allows a draw by ``USUAL_BEST_OF``, shape (n,)."""
    return np.where(np.isin(best_of, BEST_OF), best_of, USUAL_BEST_OF)


def series_by_maps(log_odds: FloatArray, best_of: IntArray) -> FloatArray:
    """Probability to win each series of independent maps with the same log-odds, shape (n,)."""
    return np.array(
        [
            score_lines(np.array([odds]), np.zeros((1, n), np.int64), np.ones(1), shared_error=0.0).probability
            for odds, n in zip(log_odds, best_of, strict=True)
        ]
    )


def tiers(rank1: FloatArray, rank2: FloatArray) -> NDArray[np.str_]:
    """Tier of each match by the ranks of both teams in Valve's last standings before it; NaN is unranked. (n,)."""
    worst = np.maximum(rank1, rank2)
    return np.select([worst <= 30, worst <= 100], [TOP_30, TOP_100], OTHERS)
