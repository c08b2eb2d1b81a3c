"""Promotion: the candidate that passed the gate becomes the served model."""

import dagster as dg

from cs2.storage.model_registry import get_champion, get_promotable, promote
from pipelines.hooks import announce_model
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.resources import Database
from pipelines.training.aliases import read_aliases, update_aliases


class Promotion(dg.Config):
    """Configuration of ``champion_model``."""

    version: int | None = None
    """Version to serve, for a rollback; by default the newest candidate that passed the gate."""


@dg.asset(
    deps=["candidate_model"],
    hooks={announce_model},
    group_name="models",
    kinds={"postgres", "mlflow"},
    tags={"stage": "training"},
    owners=["team:models"],
    code_version="1",
)
def champion_model(
    context: dg.AssetExecutionContext,
    config: Promotion,
    database: Database,
    mlflow: dg.ResourceParam[MlflowTracking],
) -> dg.MaterializeResult[None]:
    """The served model: the one row of `ml_models` with status *champion*.

    One transaction promotes the candidate and retires the previous champion. After the commit, MLflow's aliases follow,
    and the hook announces the model on Redis. To roll back, materialize this asset with the older `version` in its
    configuration.
    """
    with database.transaction() as session:
        previous = get_champion(session)
        champion = promote(session, config.version or get_promotable(session).version)
        aliases = read_aliases(session)
    try:
        changes = update_aliases(mlflow, aliases)
    except MlflowError as error:  # the row decides what is served; the check below sets the aliases later
        context.log.warning(f"aliases are not set: {error}")
        changes = {"aliases": f"not set: {error}"}
    return dg.MaterializeResult(
        metadata={
            "model_version": champion.version,
            "replaced_version": previous.version if previous else None,
            "trained_through": str(champion.trained_through),
            "mlflow_run_id": champion.mlflow_run_id,
            "aliases": changes,
        }
    )


@dg.asset_check(asset=champion_model)
def aliases_follow_the_rows(database: Database, mlflow: dg.ResourceParam[MlflowTracking]) -> dg.AssetCheckResult:
    """MLflow's aliases *champion* and *challenger* name the runs of `ml_models`.

    The check repairs and reports a difference.
    """
    with database.transaction() as session:
        aliases = read_aliases(session)
    try:
        changes = update_aliases(mlflow, aliases)
    except MlflowError as error:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description=str(error))
    description = "; ".join(f"{alias} {change}" for alias, change in changes.items())
    return dg.AssetCheckResult(
        passed=not changes,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"repaired: {description}" if changes else "no difference",
        metadata={"expected": {alias: run_id or "none" for alias, run_id in aliases.items()}},
    )
