"""MLflow's aliases follow the rows of ``ml_models``."""

from sqlalchemy.orm import Session

from cs2.storage.model_registry import get_challenger, get_champion
from pipelines.mlflow_client import MlflowTracking

CHAMPION = "champion"
CHALLENGER = "challenger"


def read_aliases(session: Session) -> dict[str, str | None]:
    """Return the MLflow run of each alias: the champion, and the newest later version that is not served."""
    champion, challenger = get_champion(session), get_challenger(session)
    return {
        CHAMPION: champion.mlflow_run_id if champion else None,
        CHALLENGER: challenger.mlflow_run_id if challenger else None,
    }


def update_aliases(mlflow: MlflowTracking, expected: dict[str, str | None]) -> dict[str, str]:
    """Point MLflow's aliases to the expected runs.

    Returns:
        Each alias that was different, with its run before and after; empty if none was.

    Raises:
        MlflowError: If MLflow does not answer.
    """
    current = mlflow.aliases()
    changes = {alias: run_id for alias, run_id in expected.items() if current.get(alias) != run_id}
    if changes:
        mlflow.set_aliases(changes)
    return {alias: f"was {current.get(alias)}, is {run_id}" for alias, run_id in changes.items()}
