"""The gate's inputs: what the training stored in MLflow, compared with the rows of the registry."""

from dataclasses import dataclass, replace

from cs2.forecasting.evaluation.gate import Claim, GateResult, run_gate
from cs2.forecasting.model.map_model import MapModel, least_player_gain
from cs2.forecasting.model.regression_cases import regression_error
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.model_artifacts import ArtifactRejectedError, load_model
from cs2.storage.model_registry import ModelRow
from pipelines.mlflow_client import MlflowTracking

CLAIMS = {
    "enough_maps": "There are enough held-out maps to tell models apart.",
    "beats_elo": "Log loss is better than the recalibrated Elo's on the same held-out maps.",
    "calibrated": "Slope and intercept of a recalibration are near 1 and 0.",
    "symmetric": "Exchanging the sides gives the complement.",
    "stronger_players_help": "A better player never lowers the forecast of his side.",
    "not_worse_than_champion": "Not worse than the champion on the same maps, by a paired bootstrap over days.",
    "regression_cases_stay": "The champion's regression cases move little: a refit, not another model.",
    "blob_is_intact": "The blob in MLflow has the recorded SHA-256 and reproduces its regression cases.",
}
"""Every claim that the gate checks, in the order of the UI."""

_ALREADY_LOGGED = {"log_loss", "brier_score", "accuracy", "auc", "slope", "intercept"}
"""Metrics that the training logged for the same held-out maps."""


@dataclass(frozen=True, slots=True)
class _ReadModel:
    """A model from MLflow, or the reason why it cannot be used."""

    model: MapModel | None
    problem: str | None


def evaluate_candidate(
    mlflow: MlflowTracking, candidate: ModelRow, champion: ModelRow | None, *, champion_has_alarm: bool
) -> GateResult:
    """Run the gate on the held-out maps that the training stored.

    The champion is compared on maps that were played after it was trained, with a fit of the same knowledge: a champion
    that has seen a map would win it. If its live quality is out of its band, its regression cases are not compared: a
    model that has to stay near them would be as bad.

    Args:
        mlflow: Where the blobs and the evaluation are.
        candidate: The version to evaluate.
        champion: The served version, if it is another one.
        champion_has_alarm: Whether the champion's live quality is out of its band.

    Raises:
        MlflowError: If MLflow does not answer. A blob that cannot be used fails the claim ``blob_is_intact`` instead.
    """
    read = _read_model(mlflow, candidate)
    evaluation = mlflow.evaluation(candidate.mlflow_run_id)
    regression_move = None
    if champion is not None and champion.features_version == candidate.features_version == FEATURES_VERSION:
        champion_model = _read_model(mlflow, champion).model
        if champion_model is not None:
            evaluation = replace(evaluation, champion=champion_model.probability(evaluation.X))
        if read.model is not None and not champion_has_alarm:
            regression_move = regression_error(read.model, champion.regression_cases)
    player_gain = None if read.model is None else least_player_gain(read.model)
    result = run_gate(evaluation, regression_move=regression_move, player_gain=player_gain)
    detail = read.problem or "SHA-256 and regression cases agree"
    return GateResult([*result.claims, Claim("blob_is_intact", read.problem is None, detail)], result.metrics)


def complete_claims(result: GateResult) -> list[Claim]:
    """Return one claim per entry of :data:`CLAIMS`: those that could not be checked pass, and say why."""
    claims = {claim.name: claim for claim in result.claims}
    reason = "no champion, or too few maps since it was trained" if claims["enough_maps"].passed else "too few maps"
    return [claims.get(name, Claim(name, True, f"not checked: {reason}")) for name in CLAIMS]


def new_metrics(result: GateResult) -> dict[str, float]:
    """Return the metrics that the training did not log under another name."""
    return {name: value for name, value in result.metrics.items() if name not in _ALREADY_LOGGED}


def _read_model(mlflow: MlflowTracking, row: ModelRow) -> _ReadModel:
    blob = mlflow.fetch(row.artifact_uri)
    try:
        return _ReadModel(load_model(row, blob), None)
    except ArtifactRejectedError as error:
        return _ReadModel(None, str(error))
