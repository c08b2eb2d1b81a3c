"""How good judged forecasts were: scores by group, each beside the baselines on the same matches. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.gate import MIN_MAPS
from pipelines.evaluation.scored_forecasts import one_a_match

FORECASTERS = {"forecast": "probability", "team Elo": "team_elo", "player Elo": "player_elo"}
"""Columns of judged forecasts by the name for people."""

GROUPINGS = {"all": None, "week": "week", "model": "model_version", "tier": "tier", "map": "map"}

LEAST_IN_BIN = 20
"""Fewer matches in a bin say nothing of its frequency."""

LEAST_FOR_CALIBRATION = 50
LEAST_JUDGED = MIN_MAPS
"""Fewer judged matches neither accuse nor acquit a model."""

MARGIN = 0.01
"""Log loss by which a model may fall behind the lead over team Elo that its training measured: other matches."""


def scores(rows: pd.DataFrame) -> dict[str, Any]:
    """Figures of some judged forecasts: log loss, Brier score and accuracy of each forecaster, calibration, coverage.

    Slope, intercept and coverage are None where too few matches tell them.
    """
    won = rows["won"].to_numpy()
    figures: dict[str, Any] = {"n": len(rows)}
    for column in FORECASTERS.values():
        p = rows[column].to_numpy()
        prefix = "" if column == "probability" else f"{column}_"
        figures[f"{prefix}log_loss"] = metrics.log_loss(p, won)
        figures[f"{prefix}brier_score"] = metrics.brier_score(p, won)
        figures[f"{prefix}accuracy"] = metrics.accuracy(p, won)
    figures |= dict.fromkeys(("slope", "slope_error", "intercept", "intercept_error"))
    if len(rows) >= LEAST_FOR_CALIBRATION and 0 < won.sum() < len(won):
        fit = metrics.recalibration(rows["probability"].to_numpy(), won)
        figures |= {
            "slope": fit.slope,
            "slope_error": fit.slope_error,
            "intercept": fit.intercept,
            "intercept_error": fit.intercept_error,
        }
    return figures | {"coverage": coverage(rows)}


def coverage(rows: pd.DataFrame) -> float | None:
    """Share of bins whose observed frequency lies in the mean interval of their forecasts; None without a full bin.

    Forecasts are grouped in ten bins of equal width; of each bin with at least ``LEAST_IN_BIN`` matches the share won
    is compared with [mean of the lower bounds, mean of the upper bounds]. A single match shows its winner, never its
    chance: that 95% of intervals hold the chance cannot be seen. What can: a share clearly below 1 proves that the
    intervals are too narrow or off; 1 proves little, as a mean of many chances moves less than each of them.
    """
    p = rows["probability"].to_numpy()
    place = np.minimum((p * 10).astype(int), 9)
    full = [place == n for n in range(10) if (place == n).sum() >= LEAST_IN_BIN]
    held = [
        rows["low"].to_numpy()[one].mean() <= rows["won"].to_numpy()[one].mean() <= rows["high"].to_numpy()[one].mean()
        for one in full
    ]
    return float(np.mean(held)) if held else None


def grouped(judged: pd.DataFrame) -> list[dict[str, Any]]:
    """Scores of maps and of series, all together and by week, model, tier and map; a match counts once in each.

    Args:
        judged: One row a match and model (:func:`pipelines.evaluation.scored_forecasts.one_a_match`).

    Returns:
        ``kind``, ``grouping``, ``value`` and ``metrics`` (:func:`scores`) of each group.
    """
    found: list[dict[str, Any]] = []
    for kind, of_kind in judged.groupby("kind"):
        once = one_a_match(of_kind, of_each_model=False)
        for grouping, column in GROUPINGS.items():
            if grouping == "map" and kind == "series":
                continue
            rows = of_kind if grouping == "model" else once
            groups = [("", rows)] if column is None else rows.groupby(column)
            found += [
                {"kind": str(kind), "grouping": grouping, "value": str(value), "metrics": scores(group)}
                for value, group in groups
            ]
    return found


@dataclass(frozen=True, slots=True)
class QualityAlarm:
    """Whether a model's live quality is in its band; ``told`` has the figures, ``alarm_reason`` why it is not."""

    told: list[str]
    alarm_reason: list[str]


def check_quality(rows: pd.DataFrame, *, kind: str, expected_lead: float | None) -> QualityAlarm:
    """Judge one model by its live forecasts.

    There is a reason for an alarm where its log loss is worse than team Elo's on the same matches, or behind the lead
    over Elo that its training measured by more than ``MARGIN``: the whole 95% interval of a paired bootstrap over days has to say so.

    Args:
        rows: Judged forecasts of one kind by one model, one row a match.
        kind: map or series.
        expected_lead: Log loss minus that of Elo on the held-out maps of its training; None where it was not measured.
    """
    if len(rows) < LEAST_JUDGED:
        return QualityAlarm([f"{kind}: {len(rows)} judged, {LEAST_JUDGED} are needed"], [])
    won = rows["won"].to_numpy()
    behind = metrics.by_day(
        metrics.log_losses(rows["probability"].to_numpy(), won) - metrics.log_losses(rows["team_elo"].to_numpy(), won),
        rows["day"].to_numpy(),
    )
    text = f"{kind}: log loss minus team Elo's {behind.estimate:+.4f} [{behind.low:+.4f}, {behind.high:+.4f}]"
    text += f" on {len(rows)} judged"
    alarm_reason = []
    if behind.low > 0:
        alarm_reason.append(f"{text}: worse than team Elo")
    if expected_lead is not None and behind.low > expected_lead + MARGIN:
        alarm_reason.append(f"{text}: its training promised {expected_lead:+.4f}")
    return QualityAlarm([text], alarm_reason)


def quality_rows(judged: pd.DataFrame, leads: Mapping[int, float | None]) -> list[dict[str, Any]]:
    """Rows of ``live_quality``: every group with its figures, and of a model why it alarm_reason where it did.

    Args:
        judged: One row a match and model.
        leads: Of each model its log loss minus that of Elo on the held-out maps of its training.
    """
    rows = grouped(judged)
    for row in rows:
        alarm_reason: list[str] = []
        if row["grouping"] == "model":
            kind, version = row["kind"], int(row["value"])
            of_model = judged[(judged["kind"] == kind) & (judged["model_version"] == version)]
            lead = leads.get(version) if kind == "map" else None  # trained and held out are maps
            alarm_reason = check_quality(of_model, kind=kind, expected_lead=lead).alarm_reason
        row["alarm_reason"] = "; ".join(alarm_reason) or None
    return rows
