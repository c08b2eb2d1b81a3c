"""Why a forecast is what it is: what each feature added, in words."""

from collections.abc import Mapping
from math import exp

from pydantic import BaseModel

from cs2.forecasting.model.features import FEATURES

EVEN = 0.005
"""Log-odds below which a feature favours nobody worth a word."""

_MEANINGS = {feature.stored_name: feature.meaning for feature in FEATURES}


class Reason(BaseModel):
    """What one feature added."""

    feature: str
    meaning: str
    log_odds: float
    """Above 0 for team 1."""
    favours: str | None
    """Name of the team; none where it makes no difference."""
    without_it: float
    """Probability that team 1 wins the map, were the sides equal in this."""
    text: str


class Explanation(BaseModel):
    """The sum behind a forecast: log-odds that add up, the largest first."""

    about: str
    log_odds: float
    """Sum of the reasons."""
    probability: float
    """The same as a probability that team 1 wins."""
    reasons: list[Reason]


def explained(contributions: Mapping[str, float], team1: str, team2: str, *, about: str) -> Explanation:
    """Explain a forecast.

    Args:
        contributions: What each feature added in log-odds.
        team1: Name of team 1.
        team2: Name of team 2.
        about: What the sum stands for.
    """
    total = sum(contributions.values())
    reasons = [
        _reason(name, added, _sigmoid(total), _sigmoid(total - added), team1, team2)
        for name, added in sorted(contributions.items(), key=lambda item: -abs(item[1]))
    ]
    return Explanation(about=about, log_odds=total, probability=_sigmoid(total), reasons=reasons)


def _reason(name: str, added: float, probability: float, without: float, team1: str, team2: str) -> Reason:
    meaning = _MEANINGS.get(name, name)
    favours = None if abs(added) < EVEN else team1 if added > 0 else team2
    points = abs(probability - without) * 100
    text = f"{meaning}: no difference" if favours is None else f"{meaning}: {points:.1f} points for {favours}"
    return Reason(feature=name, meaning=meaning, log_odds=added, favours=favours, without_it=without, text=text)


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + exp(-x)) if x >= 0 else 1.0 - 1.0 / (1.0 + exp(x))
