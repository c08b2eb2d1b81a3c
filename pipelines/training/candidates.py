"""What a training writes: runs for MLflow, and the candidate's row for the registry."""

from collections.abc import Mapping

from cs2.calendar import date_of
from cs2.forecasting.evaluation.gate import EvaluationSet
from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.model.training_set import TrainingSet
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.storage.model_registry import EstimatorKind, ModelRow, ModelStatus
from pipelines.mlflow_client import LoggedModel
from pipelines.mlflow_run import BOOSTING_TYPES, TrainedModel, TrainingData
from pipelines.plots import calibration_figure
from pipelines.training.train import Training, training_parameters


def build_tags(training: Training, *, snapshot_id: int, dagster_run_id: str) -> dict[str, str]:
    """Return the tags of a training's MLflow runs: data span and origin."""
    trained, held_out = _span(training.data), _span(training.held_out)
    return {
        "trained_from": trained["from"],
        "trained_through": trained["through"],
        "held_out_from": held_out["from"],
        "held_out_through": held_out["through"],
        "snapshot_id": str(snapshot_id),
        "dagster_run_id": dagster_run_id,
    }


def build_run(kind: EstimatorKind, training: Training, tags: Mapping[str, str]) -> TrainedModel:
    """Return the MLflow run of one of the trained models; only the candidate is registered and evaluated."""
    model, held_out = training.models[kind], training.held_out
    is_candidate = kind is EstimatorKind.LOGISTIC
    title = f"{kind}, {len(held_out)} held-out maps"
    return TrainedModel(
        name=kind,
        estimator=model.estimator,
        feature_names=FEATURE_NAMES,
        X=training.data.X,
        parameters={**training_parameters(), "features_version": FEATURES_VERSION, "estimator": kind},
        metrics=model.metrics,
        tags=tags,
        datasets=[
            _dataset("map_results", "training", training.data),
            _dataset("held_out_maps", "evaluation", held_out),
        ],
        figures={"calibration.png": calibration_figure(model.held_out, held_out.team1_won, title=title)},
        evaluation=build_evaluation(training) if is_candidate else None,
        trusted_types=BOOSTING_TYPES if kind is EstimatorKind.BOOSTING else (),
        is_registered=is_candidate,
    )


def build_evaluation(training: Training) -> EvaluationSet:
    """Return what the gate compares: the forecasts of the held-out maps."""
    return EvaluationSet(
        X=training.held_out.X,
        X_matches=training.X_matches,
        team1_won=training.held_out.team1_won,
        day=training.held_out.day,
        candidate=training.models[EstimatorKind.LOGISTIC].held_out,
        swapped=training.swapped,
        beside_champion=training.beside_champion,
        elo=training.models[EstimatorKind.ELO].held_out,
    )


def build_candidate(training: Training, logged: LoggedModel, *, snapshot_id: int, dagster_run_id: str) -> ModelRow:
    """Return the row of ``ml_models`` for the logistic regression."""
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
        trained_from=date_of(training.data.day.min()),
        trained_through=date_of(training.data.day.max()),
        n_maps=len(training.data),
        snapshot_id=snapshot_id,
    )


def _dataset(name: str, context: str, maps: TrainingSet) -> TrainingData:
    return TrainingData(name=name, context=context, X=maps.X, team1_won=maps.team1_won, span=_span(maps))


def _span(maps: TrainingSet) -> dict[str, str]:
    return {"from": str(date_of(maps.day.min())), "through": str(date_of(maps.day.max()))}
