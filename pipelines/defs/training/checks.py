"""Gate: blocking checks of ``candidate_model``."""

from collections.abc import Iterator

import dagster as dg

from cs2.forecasting.evaluation.gate import GateResult
from cs2.storage.live_quality import get_alarm_reason
from cs2.storage.model_registry import ModelRow, get_champion, get_latest_model, get_model_of_run, record_gate_result
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.resources import Database
from pipelines.training.aliases import read_aliases, update_aliases
from pipelines.training.gate_inputs import CLAIMS, complete_claims, evaluate_candidate, new_metrics

CANDIDATE = "candidate_model"


class NoCandidateError(Exception):
    """There is no model to evaluate."""


@dg.multi_asset_check(
    name="gate",
    specs=[
        dg.AssetCheckSpec(name, asset=CANDIDATE, description=claim, blocking=True) for name, claim in CLAIMS.items()
    ],
)
def gate(
    context: dg.AssetCheckExecutionContext, database: Database, mlflow: dg.ResourceParam[MlflowTracking]
) -> Iterator[dg.AssetCheckResult]:
    """Evaluate the candidate of this run. The result is written to its row before a failed check blocks the promotion.

    A refused candidate gets the status *refused* and the reasons. If the gate crashes, the row stays a candidate.
    """
    with database.transaction() as session:
        candidate = get_model_of_run(session, context.run.run_id) or get_latest_model(session)
        champion = get_champion(session)
        alarm_reason = get_alarm_reason(session, champion.version) if champion else None
    if candidate is None:
        raise NoCandidateError("no model has been trained yet")
    if champion is not None and champion.version == candidate.version:
        champion = None
    result = evaluate_candidate(mlflow, candidate, champion, champion_has_alarm=alarm_reason is not None)
    if candidate.judged_at is None:
        _record(context, database, mlflow, candidate, result)
    for claim in complete_claims(result):
        yield dg.AssetCheckResult(
            asset_key=CANDIDATE,
            check_name=claim.name,
            passed=claim.passed,
            description=claim.detail,
            metadata={
                "model_version": candidate.version,
                **(result.metrics if claim.name == "beats_elo" else {}),
            },
        )


def _record(
    context: dg.AssetCheckExecutionContext,
    database: Database,
    mlflow: MlflowTracking,
    candidate: ModelRow,
    result: GateResult,
) -> None:
    """Write the result to the row, then to MLflow. The row decides, so MLflow may be down."""
    with database.transaction() as session:
        record_gate_result(
            session,
            candidate.version,
            passed=result.passed,
            reasons=result.reasons,
            metrics={"gate": result.metrics},
        )
        aliases = read_aliases(session)
    try:
        mlflow.log_gate_result(
            candidate.mlflow_run_id, passed=result.passed, reasons=result.reasons, metrics=new_metrics(result)
        )
        update_aliases(mlflow, aliases)
    except MlflowError as error:
        context.log.warning(f"MLflow does not have the gate's result: {error}")
