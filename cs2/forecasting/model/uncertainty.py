"""Standard error of a forecast's log-odds."""

import numpy as np

from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES, Matchup
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.ratings.parameters import moderated

Z_95 = 1.959963984540054
SHARED_ERROR = 0.7
"""Standard error, in log-odds, that the maps of a series share: on its day a team is better or worse than ratings know.

Its square is the covariance of the first two maps of a series beyond their forecasts: 0.50 ± 0.06 on 6,646 series of
2024-07 .. 2025-06 (docs/quality.md).
"""


def log_odds_error(model: MapModel, sides: Matchup) -> FloatArray:
    """Standard error of the log-odds: of the day, and of each part of the ratings as the model weighs it, (n,)."""
    c = dict(zip(FEATURE_NAMES, model.coefficients.tolist(), strict=True))
    per_strength = moderated(c["rating_x_experience"] * sides.experienced, sides.variance)
    per_skill = per_strength + c["top3_skill"] + c["top3_skill_x_experience"] * sides.experienced
    name_variance = sides.name_variance.sum(axis=1)
    variance = (
        per_skill**2 * sides.skill_variance.sum(axis=1)
        + (per_strength + c["map_strength"]) ** 2 * sides.map_variance.sum(axis=1)
        + (per_strength + c["form"]) ** 2 * sides.form_variance.sum(axis=1)
        + moderated(c["org_rating"], name_variance) ** 2 * name_variance
    )
    error: FloatArray = np.sqrt(SHARED_ERROR**2 + variance)
    return error
