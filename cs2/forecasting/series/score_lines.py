"""Exact score lines of a best-of-1, 3 or 5 from its maps, with the uncertainty that its maps share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cs2.forecasting.matches import FloatArray, IntArray
from cs2.forecasting.probability import sigmoid

BEST_OF = (1, 3, 5)
N_NODES = 21
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(N_NODES)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
NEWTON_STEPS = 12
"""Newton steps to a conditional probability; further steps move it by less than 1e-12."""


@dataclass(frozen=True, slots=True)
class ScoreLines:
    """Probabilities of the results of a series.

    Attributes:
        probability: Probability that team 1 wins the series.
        scores: Probability of each score line (maps of team 1, maps of team 2); they sum to one.
    """

    probability: float
    scores: dict[tuple[int, int], float]


def possible_scores(best_of: int) -> list[tuple[int, int]]:
    """List the score lines of a best-of, from the clearest win of team 1 to its clearest loss."""
    needed = best_of // 2 + 1
    won = [(needed, lost) for lost in range(needed)]
    return won + [(lost, won_by_other) for won_by_other, lost in reversed(won)]


def score_lines(log_odds: FloatArray, orders: IntArray, weights: FloatArray, *, shared_error: float) -> ScoreLines:
    """Compute the score lines of a series, averaged over the orders in which its maps may be played.

    The strengths of the two teams are uncertain by the same error on every map, so that the maps of a series are not
    independent: the winner of the first is probably stronger than rated. Given the error the maps are independent. The
    error is integrated out by Gauss-Hermite quadrature, and each map keeps its own probability.

    Args:
        log_odds: Log-odds that team 1 wins each map, shape (n_maps,).
        orders: Positions in ``log_odds`` in the order of play, shape (n_orders, best_of); one row if it is known.
        weights: Probability of each order, shape (n_orders,).
        shared_error: Standard error, in log-odds, that the maps have in common.

    Raises:
        ValueError: If the series has not 1, 3 or 5 maps.
    """
    best_of = orders.shape[1]
    if best_of not in BEST_OF:
        raise ValueError(f"a series has 1, 3 or 5 maps, not {best_of}")
    lines = possible_scores(best_of)
    conditional = _lines_of_independent_maps(given_error(log_odds, shared_error)[orders], lines)
    probabilities = (conditional * weights[:, None] * _WEIGHTS).sum(axis=(1, 2))
    probabilities = probabilities / probabilities.sum()
    scores = {line: float(p) for line, p in zip(lines, probabilities, strict=True)}
    return ScoreLines(probability=sum(p for (one, two), p in scores.items() if one > two), scores=scores)


def given_error(log_odds: FloatArray, shared_error: float) -> FloatArray:
    """Probability of each map given the shared error at each quadrature node; their mean is the map's probability.

    Args:
        log_odds: Log-odds of maps, of any shape.
        shared_error: Standard error in log-odds.

    Returns:
        Shape (*log_odds.shape, n_nodes).
    """
    target = sigmoid(log_odds)
    errors = shared_error * _NODES
    centre = log_odds * np.sqrt(1.0 + np.pi * shared_error**2 / 8.0)
    for _ in range(NEWTON_STEPS):
        p = sigmoid(centre[..., None] + errors)
        slope = (p * (1.0 - p) * _WEIGHTS).sum(axis=-1)
        centre = centre + (target - (p * _WEIGHTS).sum(axis=-1)) / np.maximum(slope, 1e-12)
    return sigmoid(centre[..., None] + errors)


def _lines_of_independent_maps(p: FloatArray, lines: Sequence[tuple[int, int]]) -> FloatArray:
    """Probability of each score line of independent maps, shape (n_lines, n_orders, n_nodes)."""
    n_orders, best_of, n_nodes = p.shape
    needed = best_of // 2 + 1
    reached = {(0, 0): np.ones((n_orders, n_nodes))}
    ended: dict[tuple[int, int], FloatArray] = {}
    for number in range(best_of):
        after: dict[tuple[int, int], FloatArray] = {}
        for (one, two), chance in reached.items():
            for score, step in (((one + 1, two), p[:, number]), ((one, two + 1), 1.0 - p[:, number])):
                into = ended if needed in score else after
                into[score] = into.get(score, 0.0) + chance * step
        reached = after
    return np.stack([ended[line] for line in lines])
