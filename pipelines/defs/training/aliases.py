"""MLflow's aliases follow the rows of ``ml_models``."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cs2.storage.model_registry import ModelRow, ModelStatus, get_champion
from pipelines.mlflow_client import MlflowTracking

CHAMPION = "champion"
CHALLENGER = "challenger"


def wanted_aliases(session: Session) -> dict[str, str | None]:
    """MLflow run by alias as the rows have it: the champion, and the newest version after it that is not served."""
    best = get_champion(session)
    newer = (
        select(ModelRow.mlflow_run_id)
        .where(ModelRow.status.in_((ModelStatus.CANDIDATE, ModelStatus.REFUSED)))
        .where(ModelRow.version > (best.version if best else 0))
        .order_by(ModelRow.version.desc())
        .limit(1)
    )
    return {CHAMPION: best.mlflow_run_id if best else None, CHALLENGER: session.scalar(newer)}


def mend_aliases(mlflow: MlflowTracking, wanted: dict[str, str | None]) -> dict[str, str]:
    """Make MLflow's aliases as ``wanted``.

    Returns:
        What was different, in words, by alias; empty where nothing was.

    Raises:
        MlflowError: If MLflow does not answer.
    """
    found = mlflow.aliases()
    different = {alias: run_id for alias, run_id in wanted.items() if found.get(alias) != run_id}
    if different:
        mlflow.set_aliases(different)
    return {alias: f"was {found.get(alias)}, is {run_id}" for alias, run_id in different.items()}
