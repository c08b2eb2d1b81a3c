"""The gate: blocking checks of ``candidate_model``, one verdict, written to the row before anything is blocked."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import dagster as dg

from cs2.forecasting.evaluation.gate import Claim, EvaluationSet, GateResult, run_gate
from cs2.forecasting.model.map_model import MapModel, least_player_gain
from cs2.forecasting.model.regression_cases import regression_error
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.storage.live_quality import get_alarm_reason
from cs2.storage.model_registry import ModelRow, get_champion, get_latest_model, get_model_of_run, record_gate_result
from pipelines.defs.training.aliases import mend_aliases, wanted_aliases
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.resources import Database

CANDIDATE = "candidate_model"

CLAIMS = {
    "enough_maps": "Enough held-out maps to say anything.",
    "beats_elo": "Better log loss than the recalibrated Elo on the same held-out maps.",
    "calibrated": "Slope and intercept of a recalibration lie near 1 and 0.",
    "symmetric": "Exchanging the sides gives the complement.",
    "stronger_players_help": "A better player never lowers the forecast of his side.",
    "not_worse_than_champion": "Not worse than the champion on the same maps, by a paired bootstrap over days.",
    "regression_cases_stay": "The champion's regression cases move little: a refit, not another model.",
    "blob_is_intact": "The blob in MLflow has the recorded SHA-256 and answers its regression cases.",
}

REGRESSION_TOLERANCE = 1e-9


class NoCandidateError(Exception):
    """There is nothing to judge."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A model as MLflow returns it: its bytes read as the served model, or why they cannot be."""

    model: MapModel | None
    problem: str


@dg.multi_asset_check(
    name="gate",
    specs=[
        dg.AssetCheckSpec(name, asset=CANDIDATE, description=claim, blocking=True) for name, claim in CLAIMS.items()
    ],
)
def gate(
    context: dg.AssetCheckExecutionContext, database: Database, mlflow: MlflowTracking
) -> Iterator[dg.AssetCheckResult]:
    """Judges the candidate of this run. A refusal is a verdict: the row becomes *refused*, with the reasons."""
    with database.transaction() as session:
        row = get_model_of_run(session, context.run.run_id) or get_latest_model(session)
        best = get_champion(session)
        has_fallen = best is not None and get_alarm_reason(session, best.version) is not None
    if row is None:
        raise NoCandidateError("no model has been trained yet")
    blob = read_blob(mlflow, row)
    rival = None if best is None or best.version == row.version else best
    verdict = _verdict(mlflow, row, blob, rival, rival_has_fallen=has_fallen)
    intact = Claim("blob_is_intact", not blob.problem, blob.problem or "SHA-256 and regression cases agree")
    result = GateResult([*verdict.claims, intact], verdict.metrics)
    if row.judged_at is None:
        _record(context, database, mlflow, row, result)
    yield from _results(result, version=row.version)


def read_blob(mlflow: MlflowTracking, row: ModelRow) -> Blob:
    """Fetch and check the blob of a row; a blob that cannot be served is a finding, an unreachable server is not.

    Raises:
        MlflowError: If MLflow does not answer.
    """
    import skops.io

    data = mlflow.fetch(row.artifact_uri)
    if sha256(data).hexdigest() != row.sha256:
        return Blob(None, "the SHA-256 of the blob is not the recorded one")
    try:
        model = MapModel.from_estimator(skops.io.loads(data, trusted=[]))
    except (skops.io.exceptions.UntrustedTypesFoundException, ValueError) as error:
        return Blob(None, str(error))
    error_of_golden = regression_error(model, row.regression_cases)
    if error_of_golden > REGRESSION_TOLERANCE:
        return Blob(model, f"golden forecasts are missed by {error_of_golden:.1e}")
    return Blob(model, "")


def _verdict(
    mlflow: MlflowTracking, row: ModelRow, blob: Blob, rival: ModelRow | None, *, rival_has_fallen: bool
) -> GateResult:
    """The pure judgement, on the held-out maps that the training stored.

    With the champion it is compared on maps that were played after the champion was trained, by a fit of the same
    knowledge: a champion that has seen a map would win it. The golden forecasts of a champion whose live quality fell
    are no measure: who has to stay near them is as bad.
    """
    arrays = mlflow.evaluation(row.mlflow_run_id)
    comparable = rival is not None and rival.features_version == row.features_version == FEATURES_VERSION
    of_rival = read_blob(mlflow, rival).model if rival is not None and comparable else None
    judged = EvaluationSet(
        X=arrays["X"],
        team1_won=arrays["team1_won"],
        day=arrays["day"],
        candidate=arrays["candidate"],
        swapped=arrays["swapped"],
        elo=arrays["elo"],
        champion=None if of_rival is None else of_rival.probability(arrays["X"]),
        beside_champion=arrays["beside_champion"],
    )
    regression_move = None
    if rival is not None and comparable and not rival_has_fallen and blob.model is not None:
        regression_move = regression_error(blob.model, rival.regression_cases)
    player_gain = None if blob.model is None else least_player_gain(blob.model)
    return run_gate(judged, regression_move=regression_move, player_gain=player_gain)


def _record(
    context: dg.AssetCheckExecutionContext,
    database: Database,
    mlflow: MlflowTracking,
    row: ModelRow,
    result: GateResult,
) -> None:
    """Write the verdict to the row, then to MLflow, which may be away: the row decides."""
    with database.transaction() as session:
        metrics = {"gate": result.metrics}
        record_gate_result(session, row.version, passed=result.passed, reasons=result.reasons, metrics=metrics)
        wanted = wanted_aliases(session)
    try:
        mlflow.log_verdict(row.mlflow_run_id, metrics=result.metrics, verdict="passed" if result.passed else "refused")
        mend_aliases(mlflow, wanted)
    except MlflowError as error:
        context.log.warning(f"the verdict is not in MLflow: {error}")


def _results(result: GateResult, *, version: int) -> Iterator[dg.AssetCheckResult]:
    claims = {claim.name: claim for claim in result.claims}
    why_not = "no champion, or too few maps since it was trained" if claims["enough_maps"].passed else "too few maps"
    for name in CLAIMS:
        claim = claims.get(name, Claim(name, True, f"not judged: {why_not}"))
        yield dg.AssetCheckResult(
            asset_key=CANDIDATE,
            check_name=name,
            passed=claim.passed,
            description=claim.detail,
            metadata={"model_version": version, **(result.metrics if name == "beats_elo" else {})},
        )
