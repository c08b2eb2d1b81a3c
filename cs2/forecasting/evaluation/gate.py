"""The gate: decide whether a candidate model may be served. Pure: no database, no MLflow, no Dagster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.matches import BoolArray, FloatArray, IntArray

MIN_MAPS = 200
"""Fewer maps cannot tell two models apart."""

WORSE_THAN_CHAMPION = 0.002
"""Log loss by which a candidate may be worse than the champion on the same maps: noise of a refit."""

SLOPE_BAND = (0.8, 1.25)
INTERCEPT_BAND = (-0.15, 0.15)
SYMMETRY = 1e-12
REGRESSION_MOVE = 0.15
"""Probability by which a refit may move one of the champion's regression cases; a larger move means another model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSet:
    """Held-out maps with the forecasts that the gate compares; none of the compared models was trained on them.

    The training saves it as one file, which travels through MLflow; the gate loads it and adds ``champion`` with
    ``dataclasses.replace``.

    Attributes:
        X: Features of the maps, shape (n, n_features).
        team1_won: Outcome, shape (n,).
        day: Day number of each map, shape (n,).
        candidate: Probability by the candidate that team 1 wins, shape (n,).
        swapped: Probability by the candidate with the sides exchanged, shape (n,).
        elo: Probability by the recalibrated team Elo, shape (n,).
        beside_champion: Probability by the candidate's kind of estimator, fitted on what the champion was fitted on,
            NaN where the champion may have seen the map, shape (n,); None if ``candidate`` is comparable everywhere.
        champion: Probability by the champion, shape (n,); None if there is no champion to compare with.
        X_matches: Features of the matches of these maps without a map: the reference for the drift of series,
            shape (n_matches, n_features); None if it was not stored.
    """

    X: FloatArray
    team1_won: BoolArray
    day: IntArray
    candidate: FloatArray
    swapped: FloatArray
    elo: FloatArray
    beside_champion: FloatArray | None = None
    champion: FloatArray | None = None
    X_matches: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.day)

    def save(self, path: Path) -> None:
        """Write the arrays to ``path`` as a compressed NumPy archive (.npz), one entry per attribute that is set."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        present = {name: array for name, array in arrays.items() if array is not None}
        np.savez_compressed(path, allow_pickle=False, **present)

    @classmethod
    def load(cls, path: Path) -> "EvaluationSet":
        """Read a file that :meth:`save` wrote.

        Raises:
            ValueError: If the file is not a NumPy archive, or its entries are not those of an evaluation set.
        """
        with np.load(path, allow_pickle=False) as arrays:
            try:
                return cls(**arrays)
            except TypeError as error:
                raise ValueError(f"{path} is not an evaluation set: its entries are {sorted(arrays)}") from error


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement that must hold before a model is served.

    Attributes:
        name: Name of the check, such as ``beats_elo``.
        passed: Whether the statement holds.
        detail: The measured values and their limits, in words for people; no code reads it.
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """The claims that were checked, and the metrics behind them.

    Attributes:
        claims: In the order of checking: ``enough_maps``, ``beats_elo``, ``calibrated``, ``symmetric``,
            ``not_worse_than_champion``, ``regression_cases_stay``, ``stronger_players_help``. A claim that could not
            be checked is missing.
        metrics: Scores on the evaluation set by name.
    """

    claims: Sequence[Claim]
    metrics: dict[str, float]

    @property
    def passed(self) -> bool:
        """Whether every claim holds."""
        return all(claim.passed for claim in self.claims)

    @property
    def failed(self) -> list[str]:
        """Names of the claims that do not hold."""
        return [claim.name for claim in self.claims if not claim.passed]

    @property
    def reasons(self) -> list[str]:
        """The claims as ``name: detail``, failed ones first: the text stored in ``ml_models.reasons``."""
        return [f"{claim.name}: {claim.detail}" for claim in sorted(self.claims, key=lambda claim: claim.passed)]


def run_gate(
    evaluation: EvaluationSet, *, regression_move: float | None = None, player_gain: float | None = None
) -> GateResult:
    """Compare the candidate with the Elo, with the champion and with its own mirror image.

    Args:
        evaluation: Forecasts and outcomes of the held-out maps.
        regression_move: Largest distance of the candidate from the champion's regression cases; None if there is no
            champion, or if its features are of another version.
        player_gain: Least coefficient of a feature that rises with a player's skill (``least_player_gain``); None if
            the model cannot be read.

    Raises:
        ValueError: If a forecast is not a probability.
    """
    n = len(evaluation)
    enough = Claim("enough_maps", n >= MIN_MAPS, f"{n} held-out maps, at least {MIN_MAPS} are needed")
    if not enough.passed:
        return GateResult([enough], {"n_maps": float(n)})
    won = evaluation.team1_won
    losses = metrics.log_losses(evaluation.candidate, won)
    minus_elo = metrics.by_day(losses - metrics.log_losses(evaluation.elo, won), evaluation.day)
    fit = metrics.recalibration(evaluation.candidate, won)
    minus_champion, n_beside_champion = _compare_with_champion(evaluation)
    scores = {
        "n_maps": float(n),
        "log_loss": float(losses.mean()),
        "brier_score": metrics.brier_score(evaluation.candidate, won),
        "accuracy": metrics.accuracy(evaluation.candidate, won),
        "auc": metrics.auc(evaluation.candidate, won),
        "slope": fit.slope,
        "intercept": fit.intercept,
        "elo_log_loss": metrics.log_loss(evaluation.elo, won),
        "minus_elo": minus_elo.estimate,
    }
    if minus_champion is not None:
        scores |= {"minus_champion": minus_champion.estimate, "n_maps_beside_champion": float(n_beside_champion)}
    if regression_move is not None:
        scores["regression_move"] = regression_move
    if player_gain is not None:
        scores["player_gain"] = player_gain
    claims = [
        enough,
        Claim("beats_elo", minus_elo.estimate < 0, f"log loss minus Elo's {minus_elo.signed()}, must be below 0"),
        _is_calibrated(fit),
        _is_symmetric(evaluation),
        *_comparisons_with_champion(minus_champion, n_beside_champion, regression_move),
    ]
    if player_gain is not None:
        detail = f"least coefficient of a feature that rises with a player's skill {player_gain:.4f}"
        claims.append(Claim("stronger_players_help", player_gain >= 0, f"{detail}, must not be below 0"))
    return GateResult(claims, scores)


def _is_calibrated(fit: metrics.Recalibration) -> Claim:
    good = _overlaps(fit.slope, fit.slope_error, SLOPE_BAND) and _overlaps(
        fit.intercept, fit.intercept_error, INTERCEPT_BAND
    )
    return Claim("calibrated", good, str(fit))


def _is_symmetric(evaluation: EvaluationSet) -> Claim:
    asymmetry = float(np.abs(evaluation.candidate + evaluation.swapped - 1.0).max())
    detail = f"sides exchanged differ from the complement by {asymmetry:.1e} at most"
    return Claim("symmetric", asymmetry <= SYMMETRY, detail)


def _compare_with_champion(evaluation: EvaluationSet) -> tuple[metrics.Interval | None, int]:
    """Log loss minus the champion's on the maps that the champion has not seen, and how many these are.

    None if there is no champion, or if there are too few such maps.
    """
    beside = evaluation.candidate if evaluation.beside_champion is None else evaluation.beside_champion
    unseen = ~np.isnan(beside) if evaluation.beside_champion is not None else np.ones(len(evaluation), bool)
    n_unseen = int(unseen.sum())
    if evaluation.champion is None or n_unseen < MIN_MAPS:
        return None, n_unseen
    won = evaluation.team1_won[unseen]
    differences = metrics.log_losses(beside[unseen], won) - metrics.log_losses(evaluation.champion[unseen], won)
    return metrics.by_day(differences, evaluation.day[unseen]), n_unseen


def _comparisons_with_champion(
    minus_champion: metrics.Interval | None, n_maps: int, regression_move: float | None
) -> Iterator[Claim]:
    if minus_champion is not None:
        # A margin, not the interval's sign: refits differ so little that a loss of 0.0003 is already significant.
        yield Claim(
            "not_worse_than_champion",
            minus_champion.estimate <= WORSE_THAN_CHAMPION,
            f"log loss minus the champion's {minus_champion.signed()} on {n_maps} maps since it was trained,"
            f" at most {WORSE_THAN_CHAMPION:+} allowed",
        )
    if regression_move is not None:
        yield Claim(
            "regression_cases_stay",
            regression_move <= REGRESSION_MOVE,
            f"the champion's regression cases move by {regression_move:.3f} at most, allowed {REGRESSION_MOVE}",
        )


def _overlaps(estimate: float, error: float, band: tuple[float, float]) -> bool:
    return estimate + 2 * error >= band[0] and estimate - 2 * error <= band[1]
