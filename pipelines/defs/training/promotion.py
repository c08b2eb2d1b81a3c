"""The served model: promotion of a candidate that passed the gate."""

import dagster as dg
from sqlalchemy import select
from sqlalchemy.orm import Session

from cs2.storage.model_registry import ModelRow, ModelStatus, PromotionRefusedError, get_champion, promote
from pipelines.defs.training.aliases import mend_aliases, wanted_aliases
from pipelines.hooks import announce_model
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.resources import Database


class Promotion(dg.Config):
    """What to promote."""

    version: int | None = None
    """Serve this version again (a rollback); left out: the newest candidate that passed the gate."""


@dg.asset(
    deps=["candidate_model"],
    hooks={announce_model},
    group_name="models",
    kinds={"postgres", "mlflow"},
    code_version="1",
)
def champion_model(
    context: dg.AssetExecutionContext, config: Promotion, database: Database, mlflow: MlflowTracking
) -> dg.MaterializeResult[None]:
    """The model that is served: the one row of `ml_models` with status *champion*.

    In one transaction the champion before it retires. MLflow's aliases follow after the commit, then the hook tells
    Redis. To roll back, materialize this asset with the older `version` in its configuration.
    """
    with database.transaction() as session:
        before = get_champion(session)
        row = promote(session, config.version or _newest_passed(session))
        wanted = wanted_aliases(session)
    try:
        mended = mend_aliases(mlflow, wanted)
    except MlflowError as error:  # the row decides what is served; the check below mends the aliases later
        context.log.warning(f"aliases are not set: {error}")
        mended = {"aliases": f"not set: {error}"}
    return dg.MaterializeResult(
        metadata={
            "model_version": row.version,
            "replaced_version": before.version if before else None,
            "trained_through": str(row.trained_through),
            "mlflow_run_id": row.mlflow_run_id,
            "aliases": mended,
        }
    )


@dg.asset_check(asset=champion_model)
def aliases_follow_the_rows(database: Database, mlflow: MlflowTracking) -> dg.AssetCheckResult:
    """MLflow's aliases *champion* and *challenger* name what `ml_models` says; a difference is mended and reported."""
    with database.transaction() as session:
        wanted = wanted_aliases(session)
    try:
        mended = mend_aliases(mlflow, wanted)
    except MlflowError as error:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description=str(error))
    description = "; ".join(f"{alias} {change}" for alias, change in mended.items())
    return dg.AssetCheckResult(
        passed=not mended,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"mended: {description}" if mended else "no difference",
        metadata={"wanted": {alias: run or "nobody" for alias, run in wanted.items()}},
    )


def _newest_passed(session: Session) -> int:
    best = get_champion(session)
    query = (
        select(ModelRow.version)
        .where(ModelRow.status == ModelStatus.CANDIDATE, ModelRow.judged_at.is_not(None))
        .where(ModelRow.version > (best.version if best else 0))
        .order_by(ModelRow.version.desc())
        .limit(1)
    )
    version = session.scalar(query)
    if version is None:
        raise PromotionRefusedError("no candidate after the champion has passed the gate")
    return version
