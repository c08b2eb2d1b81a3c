"""Training: three runs in MLflow to compare, one candidate in ``ml_models``."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from cs2.calendar import date_of, day_number
from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.settings import get_settings
from cs2.storage.model_registry import EstimatorKind, ModelRow, ModelStatus, get_champion, get_latest_snapshot
from pipelines.etl.repository import load_history
from pipelines.mlflow_client import BOOSTING_TYPES, LoggedModel, MlflowTracking, TrainedModel
from pipelines.resources import Database

if TYPE_CHECKING:
    from pipelines.training.train import Training

N_SIGNATURE = 5

ASSETS = {
    EstimatorKind.ELO: "elo_model",
    EstimatorKind.LOGISTIC: "candidate_model",
    EstimatorKind.BOOSTING: "boosting_model",
}


class NoRatingsError(Exception):
    """Ratings have to be computed before a model is trained."""


@dg.multi_asset(
    name="train_models",
    group_name="models",
    pool="models",
    specs=[
        dg.AssetSpec(
            "elo_model",
            deps=["rating_snapshots"],
            kinds={"mlflow", "scikitlearn"},
            description="Team Elo alone, recalibrated: the baseline in MLflow that every model has to beat.",
        ),
        dg.AssetSpec(
            "candidate_model",
            deps=["rating_snapshots"],
            kinds={"mlflow", "scikitlearn", "postgres"},
            description="The antisymmetric logistic regression that may be served: a run in MLflow, and a row of "
            "`ml_models` with status *candidate* for the gate. Judged on the last weeks, then fitted on everything.",
        ),
        dg.AssetSpec(
            "boosting_model",
            deps=["rating_snapshots"],
            kinds={"mlflow", "scikitlearn"},
            description="Mirrored gradient boosting, a challenger to compare in MLflow. Never served: it would have to "
            "win 0.002 log loss on the tuning years.",
        ),
    ],
)
def train_models(
    context: dg.AssetExecutionContext, database: Database, mlflow: MlflowTracking
) -> Iterator[dg.MaterializeResult[None]]:
    """Fit, evaluate and log all three models, then store the candidate."""
    from pipelines.training.train import train  # scikit-learn: seconds that the other assets need not pay

    with database.transaction() as session:
        snapshot = get_latest_snapshot(session)
        if snapshot is None:
            raise NoRatingsError("there are no ratings yet: materialize rating_snapshots first")
        best = get_champion(session)
    with database.one_state() as connection:
        history = load_history(connection)
    training = train(
        history,
        today=day_number(get_settings().current_day()),
        champion_through=day_number(best.trained_through) if best else None,
    )
    tags = {**_span(training), "snapshot_id": str(snapshot.id), "dagster_run_id": context.run.run_id}
    logged = {kind: mlflow.log(_shown(kind, training, tags)) for kind in training.models}
    with database.transaction() as session:
        row = _candidate_row(
            training, logged[EstimatorKind.LOGISTIC], snapshot_id=snapshot.id, dagster_run_id=context.run.run_id
        )
        session.add(row)
        session.flush()
        version = row.version
    for kind, model in training.models.items():
        own = {"model_version": version, "elo_log_loss": training.models[EstimatorKind.ELO].metrics["log_loss"]}
        yield dg.MaterializeResult(
            asset_key=ASSETS[kind],
            metadata={
                **model.metrics,
                **(own if kind is EstimatorKind.LOGISTIC else {}),
                "held_out_maps": len(training.held_out),
                "trained_maps": len(training.data),
                "held_out_from": tags["held_out_from"],
                "trained_through": tags["trained_through"],
                "mlflow_run": dg.MetadataValue.url(logged[kind].run_url),
            },
        )


def _shown(kind: EstimatorKind, training: "Training", tags: Mapping[str, str]) -> TrainedModel:
    from pipelines.plots import calibration_figure
    from pipelines.training.train import training_parameters

    model, held_out = training.models[kind], training.held_out
    is_candidate = kind is EstimatorKind.LOGISTIC
    evaluation = {
        "X": held_out.X,
        "X_matches": training.X_matches,
        "team1_won": held_out.team1_won,
        "day": held_out.day,
        "candidate": model.held_out,
        "swapped": training.swapped,
        "beside_champion": training.beside_champion,
        "elo": training.models[EstimatorKind.ELO].held_out,
    }
    return TrainedModel(
        name=kind,
        estimator=model.estimator,
        feature_names=FEATURE_NAMES,
        X=training.data.X[:N_SIGNATURE],
        parameters={**training_parameters(), "features_version": FEATURES_VERSION, "estimator": kind},
        metrics=model.metrics,
        tags=tags,
        figures={
            "calibration.png": calibration_figure(
                model.held_out, held_out.team1_won, title=f"{kind}, {len(held_out)} held-out maps"
            )
        },
        evaluation=evaluation if is_candidate else {},
        trusted_types=BOOSTING_TYPES if kind is EstimatorKind.BOOSTING else (),
        is_registered=is_candidate,
    )


def _candidate_row(training: "Training", logged: LoggedModel, *, snapshot_id: int, dagster_run_id: str) -> ModelRow:
    from pipelines.training.train import training_parameters

    model = training.models[EstimatorKind.LOGISTIC]
    return ModelRow(
        status=ModelStatus.CANDIDATE,
        estimator=model.kind,
        mlflow_run_id=logged.run_id,
        dagster_run_id=dagster_run_id,
        artifact_uri=logged.artifact_uri,
        sha256=logged.sha256,
        features_version=FEATURES_VERSION,
        feature_names=list(STORED_FEATURE_NAMES),
        parameters=training_parameters(),
        regression_cases=build_regression_cases(MapModel.from_estimator(model.estimator), training.data.X),
        metrics={**model.metrics, "elo_log_loss": training.models[EstimatorKind.ELO].metrics["log_loss"]},
        trained_from=_day(training.data.day.min()),
        trained_through=_day(training.data.day.max()),
        n_maps=len(training.data),
        snapshot_id=snapshot_id,
    )


def _span(training: "Training") -> dict[str, str]:
    return {
        "trained_from": str(_day(training.data.day.min())),
        "trained_through": str(_day(training.data.day.max())),
        "held_out_from": str(_day(training.held_out.day.min())),
        "held_out_through": str(_day(training.held_out.day.max())),
    }


def _day(number: Any) -> date:
    return date_of(number)
