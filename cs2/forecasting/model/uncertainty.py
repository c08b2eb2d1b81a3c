"""Standard error of a forecast's log-odds."""

import numpy as np

from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES, Matchup
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.ratings.update import moderated

Z_95 = 1.959963984540054
SHARED_ERROR = 0.7
"""Standard error, in log-odds, that the maps of a series share: a team has better and worse days than its rating.

Its square is the covariance of the first two maps of a series beyond their forecasts: 0.50 ± 0.06 on 6,646 series of
2024-07 .. 2025-06 (docs/quality.md).
"""


def log_odds_error(model: MapModel, sides: Matchup) -> FloatArray:
    """Standard error of the log-odds, shape (n,): day-to-day variation plus rating uncertainty, by the coefficients."""
    coefficient = dict(zip(FEATURE_NAMES, model.coefficients.tolist(), strict=True))
    per_strength = moderated(coefficient["rating_x_experience"] * sides.experienced, sides.variance)
    per_skill = per_strength + coefficient["top3_skill"] + coefficient["top3_skill_x_experience"] * sides.experienced
    org_variance = sides.org_variance.sum(axis=1)
    variance = (
        per_skill**2 * sides.skill_variance.sum(axis=1)
        + (per_strength + coefficient["map_strength"]) ** 2 * sides.map_variance.sum(axis=1)
        + (per_strength + coefficient["form"]) ** 2 * sides.form_variance.sum(axis=1)
        + moderated(coefficient["org_rating"], org_variance) ** 2 * org_variance
    )
    error: FloatArray = np.sqrt(SHARED_ERROR**2 + variance)
    return error
