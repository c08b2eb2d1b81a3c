"""Rounds of a map: first to 13 of at most 24, then overtimes of six. Map probability and simulation."""

from math import comb

import numpy as np

from cs2.forecasting.matches import FloatArray, IntArray
from cs2.forecasting.probability import sigmoid

WINS_NEEDED = 13
OVERTIME_WINS = 4
"""Wins that decide an overtime of six rounds; overtimes follow a 12:12 until one is decided."""


def round_to_map_probability(round_log_odds: FloatArray) -> FloatArray:
    """Probability of the map from the log-odds of a round, all rounds being alike and independent.

    The negative binomial sum of regulation (13 wins with fewer than 12 losses), and from 12:12 the odds of winning four
    of six rounds before the other side does, a drawn overtime being played again.
    """
    q = sigmoid(round_log_odds)
    won = _first_to(q, WINS_NEEDED)
    drawn = comb(2 * WINS_NEEDED - 2, WINS_NEEDED - 1) * (q * (1.0 - q)) ** (WINS_NEEDED - 1)
    overtime, lost = _first_to(q, OVERTIME_WINS), _first_to(1.0 - q, OVERTIME_WINS)
    probability: FloatArray = won + drawn * overtime / (overtime + lost)
    return probability


def _first_to(q: FloatArray, wins: int) -> FloatArray:
    """Probability of ``wins`` won rounds before the other side has ``wins`` − 1."""
    chances = [comb(wins - 1 + losses, losses) * q**wins * (1.0 - q) ** losses for losses in range(wins - 1)]
    total: FloatArray = np.sum(chances, axis=0)
    return total


def play_rounds(rng: np.random.Generator, log_odds: FloatArray) -> IntArray:
    """Simulate maps round by round.

    Args:
        rng: Random generator.
        log_odds: Log-odds of a round for side 1, shape (n,).

    Returns:
        Rounds won by each side, shape (n, 2).
    """
    q = sigmoid(log_odds)
    score = _until(rng, q, 2 * (WINS_NEEDED - 1), WINS_NEEDED)
    tied = np.flatnonzero(score[:, 0] == score[:, 1])
    while len(tied):
        score[tied] += _until(rng, q[tied], 2 * (OVERTIME_WINS - 1), OVERTIME_WINS)
        tied = tied[score[tied, 0] == score[tied, 1]]
    return score


def _until(rng: np.random.Generator, q: FloatArray, at_most: int, wins: int) -> IntArray:
    """Play up to ``at_most`` rounds, or until a side has ``wins``, shape (n, 2)."""
    won = rng.random((len(q), at_most)) < q[:, None]
    one, two = np.cumsum(won, axis=1), np.cumsum(~won, axis=1)
    over = (one >= wins) | (two >= wins)
    last = np.where(over.any(axis=1), over.argmax(axis=1), at_most - 1)
    rows = np.arange(len(q))
    score: IntArray = np.column_stack([one[rows, last], two[rows, last]])
    return score
