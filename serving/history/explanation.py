"""Explain a forecast: the contribution of each feature, in numbers and words."""

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel

from cs2.forecasting.model.features import FEATURES
from cs2.forecasting.probability import sigmoid

EVEN = 0.005
"""Log-odds below which a contribution favours no team."""

_MEANINGS = {feature.stored_name: feature.meaning for feature in FEATURES}


class Reason(BaseModel):
    """Contribution of one feature."""

    feature: str
    meaning: str
    log_odds: float
    """Above 0 if it favours team 1."""
    favours: str | None
    """Name of the favoured team; none if the contribution is negligible."""
    without_it: float
    """Probability that team 1 wins the map, if the teams were equal in this feature."""
    text: str


class Explanation(BaseModel):
    """Contributions of all features in log-odds, the largest first, with their sum."""

    about: str
    log_odds: float
    """Sum of the contributions."""
    probability: float
    """Probability that team 1 wins, from the sum."""
    reasons: list[Reason]


def explain(contributions: Mapping[str, float], team1: str, team2: str, *, about: str) -> Explanation:
    """Explain a forecast.

    Args:
        contributions: Contribution of each feature in log-odds.
        team1: Name of team 1.
        team2: Name of team 2.
        about: Name of the map, or "a map of the series".
    """
    total = sum(contributions.values())
    probability = _probability(total)
    reasons = [
        _reason(name, log_odds, probability, _probability(total - log_odds), team1, team2)
        for name, log_odds in sorted(contributions.items(), key=lambda item: -abs(item[1]))
    ]
    return Explanation(about=about, log_odds=total, probability=probability, reasons=reasons)


def _reason(name: str, log_odds: float, probability: float, without: float, team1: str, team2: str) -> Reason:
    meaning = _MEANINGS.get(name, name)
    favours = None if abs(log_odds) < EVEN else team1 if log_odds > 0 else team2
    points = abs(probability - without) * 100
    text = f"{meaning}: no difference" if favours is None else f"{meaning}: {points:.1f} points for {favours}"
    return Reason(feature=name, meaning=meaning, log_odds=log_odds, favours=favours, without_it=without, text=text)


def _probability(log_odds: float) -> float:
    return float(sigmoid(np.array(log_odds)))
