"""The gate: whether a candidate may be served. Pure; the reasons are for people."""

from dataclasses import dataclass

import numpy as np

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.matches import BoolArray, FloatArray, IntArray

MIN_MAPS = 200
"""Fewer judged maps say nothing."""

WORSE_THAN_CHAMPION = 0.002
"""Log loss by which a candidate may fall behind the champion on the judged maps: noise of a refit."""

SLOPE_BAND = (0.8, 1.25)
INTERCEPT_BAND = (-0.15, 0.15)
SYMMETRY = 1e-12
REGRESSION_MOVE = 0.15
"""Probability by which a refit may move an old golden forecast; more is another model, not a newer one."""


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Forecasts of maps that none of the compared models was trained on. Shapes (n,).

    Attributes:
        team1_won: Outcome.
        day: Day of each map.
        candidate: Forecast of the candidate.
        swapped: Forecast of the candidate with the sides exchanged.
        elo: Forecast of the tuned Elo.
        champion: Forecast of the champion, or None where there is none.
        beside_champion: Forecast of the candidate's kind, fitted on what the champion was fitted on, NaN where the
            champion may have seen the map; None where ``candidate`` is as fair.
    """

    team1_won: BoolArray
    day: IntArray
    candidate: FloatArray
    swapped: FloatArray
    elo: FloatArray
    champion: FloatArray | None = None
    beside_champion: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate says.

    Attributes:
        passed: Whether the candidate may be served.
        reasons: Every claim with its figures, the failed ones first.
        failed: The claims that failed, by name: ``enough_maps``, ``beats_elo``, ``calibrated``, ``symmetric``,
            ``not_worse_than_champion``, ``golden_forecasts_stay``, ``stronger_players_help``.
        metrics: Figures of the judged maps.
    """

    passed: bool
    reasons: list[str]
    failed: list[str]
    metrics: dict[str, float]


def run_gate(
    judged: EvaluationSet, *, regression_move: float | None = None, player_gain: float | None = None
) -> GateResult:
    """Compare the candidate with the Elo, the champion and itself.

    Args:
        judged: Forecasts and outcomes.
        golden_move: Largest distance to the champion's golden forecasts; None where there is no champion, or where its
            features are of another version.
        player_gain: Least coefficient of a player's skill (``least_player_gain``); None where the model cannot be read.
    """
    n = len(judged.day)
    if n < MIN_MAPS:
        reason = f"enough_maps: {n} judged maps, at least {MIN_MAPS} are needed"
        return GateResult(False, [reason], ["enough_maps"], {"n_maps": float(n)})
    won, day = judged.team1_won, judged.day
    losses = metrics.log_losses(judged.candidate, won)
    against_elo = metrics.by_day(losses - metrics.log_losses(judged.elo, won), day)
    fit = metrics.recalibration(judged.candidate, won)
    asymmetry = float(np.abs(judged.candidate + judged.swapped - 1.0).max())
    figures = {
        "n_maps": float(n),
        "log_loss": float(losses.mean()),
        "brier_score": metrics.brier_score(judged.candidate, won),
        "accuracy": metrics.accuracy(judged.candidate, won),
        "auc": metrics.auc(judged.candidate, won),
        "slope": fit.slope,
        "intercept": fit.intercept,
        "elo_log_loss": metrics.log_loss(judged.elo, won),
        "minus_elo": against_elo.estimate,
    }
    claims = {
        "beats_elo": (against_elo.estimate < 0, f"log loss minus Elo's {against_elo.signed()}, must be below 0"),
        "calibrated": (
            _overlaps(fit.slope, fit.slope_error, SLOPE_BAND)
            and _overlaps(fit.intercept, fit.intercept_error, INTERCEPT_BAND),
            f"slope {fit.slope:.3f} ± {2 * fit.slope_error:.3f}, intercept {fit.intercept:+.3f}"
            f" ± {2 * fit.intercept_error:.3f}",
        ),
        "symmetric": (asymmetry <= SYMMETRY, f"sides exchanged differ from the complement by {asymmetry:.1e} at most"),
    }
    fair = _unseen_by_champion(judged)
    if judged.champion is not None and fair.sum() >= MIN_MAPS:
        beside = judged.candidate if judged.beside_champion is None else judged.beside_champion
        behind = metrics.log_losses(beside[fair], won[fair]) - metrics.log_losses(judged.champion[fair], won[fair])
        paired = metrics.by_day(behind, day[fair])
        figures |= {"minus_champion": paired.estimate, "n_maps_beside_champion": float(fair.sum())}
        # The margin, not the interval's sign: two fits of one kind differ so little that 0.0003 is beyond doubt.
        good = paired.estimate <= WORSE_THAN_CHAMPION
        text = f"log loss minus the champion's {paired.signed()} on {fair.sum()} maps since it was trained"
        claims["not_worse_than_champion"] = (good, f"{text}, at most {WORSE_THAN_CHAMPION:+} allowed")
    if regression_move is not None:
        figures["golden_move"] = regression_move
        claims["golden_forecasts_stay"] = (
            regression_move <= REGRESSION_MOVE,
            f"the champion's golden forecasts move by {regression_move:.3f} at most, allowed {REGRESSION_MOVE}",
        )
    if player_gain is not None:
        figures["player_gain"] = player_gain
        claims["stronger_players_help"] = (
            player_gain >= 0,
            f"least coefficient of a feature that rises with a player's skill {player_gain:.4f}, must not be below 0",
        )
    failed = [name for name, (good, _) in claims.items() if not good]
    ordered = sorted(claims, key=lambda name: claims[name][0])
    reasons = [f"{name}: {claims[name][1]}" for name in ordered]
    return GateResult(not failed, reasons, failed, figures)


def _unseen_by_champion(judged: EvaluationSet) -> BoolArray:
    if judged.beside_champion is None:
        return np.ones(len(judged.day), bool)
    unseen: BoolArray = ~np.isnan(judged.beside_champion)
    return unseen


def _overlaps(estimate: float, error: float, band: tuple[float, float]) -> bool:
    return estimate + 2 * error >= band[0] and estimate - 2 * error <= band[1]
