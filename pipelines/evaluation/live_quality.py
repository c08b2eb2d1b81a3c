"""Quality of live forecasts: scores by group, with the baselines on the same matches. Pure."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.gate import MIN_MAPS
from pipelines.evaluation.scored_forecasts import FORECASTERS, latest_per_match

GROUPINGS = {"all": None, "week": "week", "model": "model_version", "tier": "tier", "map": "map"}
"""Column of scored forecasts by the name of a grouping."""

MIN_IN_BIN = 20
"""A bin of fewer matches does not count for the coverage."""

MIN_FOR_CALIBRATION = 50
MIN_FOR_ALARM = MIN_MAPS
"""Fewer matches raise no alarm."""

MARGIN = 0.01
"""How far a model's difference to team Elo, in log loss, may be above the one of its training: other matches."""


def compute_scores(rows: pd.DataFrame) -> dict[str, Any]:
    """Score some forecasts: log loss, Brier score and accuracy of each forecaster, calibration and coverage.

    Slope, intercept and coverage are None if there are too few matches.
    """
    won = rows["won"].to_numpy()
    scores: dict[str, Any] = {"n": len(rows)}
    for column in FORECASTERS.values():
        probability, prefix = rows[column].to_numpy(), score_prefix(column)
        scores[f"{prefix}log_loss"] = metrics.log_loss(probability, won)
        scores[f"{prefix}brier_score"] = metrics.brier_score(probability, won)
        scores[f"{prefix}accuracy"] = metrics.accuracy(probability, won)
    scores |= dict.fromkeys(("slope", "slope_error", "intercept", "intercept_error"))
    if len(rows) >= MIN_FOR_CALIBRATION and 0 < won.sum() < len(won):
        fit = metrics.recalibration(rows["probability"].to_numpy(), won)
        scores |= {
            "slope": fit.slope,
            "slope_error": fit.slope_error,
            "intercept": fit.intercept,
            "intercept_error": fit.intercept_error,
        }
    return scores | {"coverage": compute_coverage(rows)}


def score_prefix(column: str) -> str:
    """Prefix of a forecaster's scores in :func:`compute_scores`; empty for the forecast itself."""
    return "" if column == "probability" else f"{column}_"


def compute_coverage(rows: pd.DataFrame) -> float | None:
    """Share of bins whose share of wins lies in the mean interval of their forecasts; None if no bin is full.

    Ten bins of equal width hold the forecasts. In each bin with at least ``MIN_IN_BIN`` matches, the share won is
    compared with [mean of the lower bounds, mean of the upper bounds]. A single match shows its winner, never its
    probability, so that 95% of intervals contain the probability cannot be observed. A coverage clearly below 1 proves
    the intervals too narrow or biased. A coverage of 1 proves little: a mean varies less than its parts.
    """
    probability = rows["probability"].to_numpy()
    bin_of = np.minimum((probability * 10).astype(int), 9)
    full = [bin_of == n for n in range(10) if (bin_of == n).sum() >= MIN_IN_BIN]
    is_covered = [
        rows["low"].to_numpy()[one].mean() <= rows["won"].to_numpy()[one].mean() <= rows["high"].to_numpy()[one].mean()
        for one in full
    ]
    return float(np.mean(is_covered)) if is_covered else None


def score_groups(scored: pd.DataFrame) -> list[dict[str, Any]]:
    """Score maps and series: all, and by week, model, tier and map. A match counts once in each grouping.

    Args:
        scored: One row per match and model (:func:`pipelines.evaluation.scored_forecasts.latest_per_match`).

    Returns:
        ``kind``, ``grouping``, ``value`` and ``metrics`` (:func:`compute_scores`) of each group.
    """
    groups: list[dict[str, Any]] = []
    for kind, of_kind in scored.groupby("kind"):
        matches = latest_per_match(of_kind)
        for grouping, column in GROUPINGS.items():
            if grouping == "map" and kind == "series":
                continue
            rows = of_kind if grouping == "model" else matches
            parts = [("", rows)] if column is None else rows.groupby(column)
            groups += [
                {"kind": str(kind), "grouping": grouping, "value": str(value), "metrics": compute_scores(part)}
                for value, part in parts
            ]
    return groups


def find_alarm_reasons(rows: pd.DataFrame, *, kind: str, expected_lead: float | None) -> list[str]:
    """Compare one model's live forecasts with team Elo's on the same matches.

    There is a reason for an alarm if the model's log loss is above team Elo's, or if the difference is above the one of
    its training by more than ``MARGIN``. In both cases the whole 95% interval of a paired bootstrap over days has to
    lie there.

    Args:
        rows: Scored forecasts of one kind by one model, one row per match.
        kind: map or series.
        expected_lead: Log loss minus that of Elo on the held-out maps of its training; None if it was not measured.

    Returns:
        Each reason with its numbers; none if there are too few matches.
    """
    if len(rows) < MIN_FOR_ALARM:
        return []
    won = rows["won"].to_numpy()
    difference = metrics.by_day(
        metrics.log_losses(rows["probability"].to_numpy(), won) - metrics.log_losses(rows["team_elo"].to_numpy(), won),
        rows["day"].to_numpy(),
    )
    text = f"{kind}: log loss minus team Elo's {difference.signed()} on {len(rows)} scored"
    reasons = []
    if difference.low > 0:
        reasons.append(f"{text}: worse than team Elo")
    if expected_lead is not None and difference.low > expected_lead + MARGIN:
        reasons.append(f"{text}: its training promised {expected_lead:+.4f}")
    return reasons


def build_quality_rows(scored: pd.DataFrame, leads: Mapping[int, float | None]) -> list[dict[str, Any]]:
    """Build the rows of ``live_quality``: the scores of every group, and the reason of a model's alarm.

    Args:
        scored: One row per match and model.
        leads: Log loss minus that of Elo on the held-out maps of the training, by model version.
    """
    rows = score_groups(scored)
    for row in rows:
        row["alarm_reason"] = _alarm_reason(scored, row, leads) if row["grouping"] == "model" else None
    return rows


def _alarm_reason(scored: pd.DataFrame, row: Mapping[str, Any], leads: Mapping[int, float | None]) -> str | None:
    kind, version = row["kind"], int(row["value"])
    of_model = scored[(scored["kind"] == kind) & (scored["model_version"] == version)]
    lead = leads.get(version) if kind == "map" else None  # training measures maps only
    return "; ".join(find_alarm_reasons(of_model, kind=kind, expected_lead=lead)) or None
