"""Training: three runs in MLflow to compare, and one candidate in ``ml_models``."""

from collections.abc import Iterator

import dagster as dg

from cs2.calendar import day_number
from cs2.settings import get_settings
from cs2.storage.model_registry import EstimatorKind, get_champion, get_latest_snapshot
from pipelines.mlflow_client import MlflowTracking
from pipelines.resources import Database

ASSETS = {
    EstimatorKind.ELO: "elo_model",
    EstimatorKind.LOGISTIC: "candidate_model",
    EstimatorKind.BOOSTING: "boosting_model",
}


class NoRatingsError(Exception):
    """A training needs ratings, and there are none."""


def _spec(kind: EstimatorKind, description: str, *kinds: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        ASSETS[kind],
        deps=["rating_snapshots"],
        kinds={"mlflow", "scikitlearn", *kinds},
        tags={"stage": "training"},
        owners=["team:models"],
        description=description,
    )


@dg.multi_asset(
    name="train_models",
    group_name="models",
    pool="models",
    specs=[
        _spec(
            EstimatorKind.ELO,
            "Team Elo alone, recalibrated: the baseline in MLflow that every model has to beat.",
        ),
        _spec(
            EstimatorKind.LOGISTIC,
            "The antisymmetric logistic regression that may be served: a run in MLflow, and a row of `ml_models` with "
            "status *candidate* for the gate. Its metrics are those of the last weeks, which it was not fitted on. "
            "Then it is fitted on all maps.",
            "postgres",
        ),
        _spec(
            EstimatorKind.BOOSTING,
            "Mirrored gradient boosting, a challenger to compare in MLflow. It is never served: on the tuning years it "
            "would have to win 0.002 log loss.",
        ),
    ],
)
def train_models(
    context: dg.AssetExecutionContext, database: Database, mlflow: dg.ResourceParam[MlflowTracking]
) -> Iterator[dg.MaterializeResult[None]]:
    """Fit, evaluate and log three models, then store the candidate."""
    from pipelines.etl.repository import load_history
    from pipelines.training.candidates import build_candidate, build_run, build_tags
    from pipelines.training.train import train

    with database.transaction() as session:
        snapshot = get_latest_snapshot(session)
        if snapshot is None:
            raise NoRatingsError("there are no ratings yet: materialize rating_snapshots first")
        champion = get_champion(session)
    with database.one_state() as connection:
        history = load_history(connection)
    training = train(
        history,
        today=day_number(get_settings().current_day()),
        champion_through=day_number(champion.trained_through) if champion else None,
    )
    tags = build_tags(training, snapshot_id=snapshot.id, dagster_run_id=context.run.run_id)
    logged = {kind: mlflow.log(build_run(kind, training, tags)) for kind in training.models}
    with database.transaction() as session:
        candidate = build_candidate(
            training,
            logged[EstimatorKind.LOGISTIC],
            snapshot_id=snapshot.id,
            dagster_run_id=context.run.run_id,
        )
        session.add(candidate)
        session.flush()
        version = candidate.version
    of_candidate = {"model_version": version, "elo_log_loss": training.models[EstimatorKind.ELO].metrics["log_loss"]}
    for kind, model in training.models.items():
        yield dg.MaterializeResult(
            asset_key=ASSETS[kind],
            metadata={
                **model.metrics,
                **(of_candidate if kind is EstimatorKind.LOGISTIC else {}),
                "held_out_maps": len(training.held_out),
                "trained_maps": len(training.data),
                "held_out_from": tags["held_out_from"],
                "trained_through": tags["trained_through"],
                "mlflow_run": dg.MetadataValue.url(logged[kind].run_url),
            },
        )
