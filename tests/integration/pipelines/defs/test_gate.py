"""The gate on real servers writes its result to the model's row; a crash changes nothing."""

from typing import Any

import dagster as dg
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from cs2.forecasting.evaluation.gate import EvaluationSet
from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.probability import sigmoid
from cs2.storage.model_registry import ModelRow, ModelStatus
from pipelines.defs.training.checks import gate
from pipelines.defs.training.promotion import champion_model
from pipelines.mlflow_client import MlflowTracking
from pipelines.mlflow_run import TrainedModel
from pipelines.training.gate_inputs import CLAIMS
from tests.testkit.asset_environment import NO_SERVER, Add, AssetEnvironment, importing_mlflow

pytestmark = importing_mlflow

N_MAPS = 1500
RANDOM = np.random.default_rng(7)
TRUTH = np.linspace(0.6, 0.1, len(FEATURE_NAMES))
X = RANDOM.normal(size=(N_MAPS, len(FEATURE_NAMES)))
WON = RANDOM.random(N_MAPS) < sigmoid(X @ TRUTH)
DAY = np.arange(N_MAPS) // 20
WORSE = TRUTH + RANDOM.normal(scale=0.25, size=len(TRUTH))


def pipeline(coefficients: Any) -> Pipeline:
    """Return a pipeline like that of ``fit_logistic``, with the given coefficients."""
    fitted = Pipeline(
        [("scale", StandardScaler(with_mean=False)), ("regression", LogisticRegression(fit_intercept=False))]
    ).fit(X, WON)
    fitted[1].coef_ = (np.asarray(coefficients) * fitted[0].scale_).reshape(1, -1)
    return fitted


@pytest.fixture
def add_trained(add_candidate: Add, mlflow: MlflowTracking) -> Add:
    """Store a candidate with the given coefficients, as a training does."""

    def add(coefficients: Any = TRUTH, **changes: Any) -> int:
        estimator = pipeline(coefficients)
        model = MapModel.from_estimator(estimator)
        logged = mlflow.log(
            TrainedModel(
                name="logistic_regression",
                estimator=estimator,
                feature_names=FEATURE_NAMES,
                X=X[:5],
                parameters={},
                metrics={},
                tags={},
                evaluation=EvaluationSet(
                    X=X,
                    team1_won=WON,
                    day=DAY,
                    candidate=model.probability(X),
                    swapped=model.probability(-X),
                    beside_champion=model.probability(X),
                    elo=sigmoid(0.3 * X[:, 0]),
                ),
                is_registered=True,
            )
        )
        arguments = {
            "in_mlflow": False,
            "mlflow_run_id": logged.run_id,
            "artifact_uri": logged.artifact_uri,
            "sha256": logged.sha256,
            "feature_names": list(STORED_FEATURE_NAMES),
            "regression_cases": build_regression_cases(model, X),
        }
        return add_candidate(**{**arguments, **changes})

    return add


@dg.asset
def candidate_model() -> None:
    """Replace the training, because the test has stored the candidate's row."""


def run_gate(environment: AssetEnvironment, **other_resources: Any) -> dg.ExecuteInProcessResult:
    """Run the gate and the promotion, as ``train_job`` does."""
    return environment.materialize([candidate_model, gate, champion_model], **other_resources)


def failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    return {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}


def row(environment: AssetEnvironment, version: int) -> ModelRow:
    with environment.database.transaction() as session:
        return session.get_one(ModelRow, version)


def test_a_good_candidate_passes_and_is_served(environment: AssetEnvironment, add_trained: Add) -> None:
    version = add_trained()
    result = run_gate(environment)
    assert result.success
    assert {check.check_name for check in result.get_asset_check_evaluations()} == set(CLAIMS)
    stored = row(environment, version)
    assert stored.status == ModelStatus.CHAMPION
    assert stored.metrics["gate"]["minus_elo"] < 0
    assert environment.served().model_version == version


def test_a_worse_challenger_is_refused_and_the_champion_stays(environment: AssetEnvironment, add_trained: Add) -> None:
    champion = add_trained()
    assert run_gate(environment).success
    challenger = add_trained(WORSE)
    result = run_gate(environment)
    assert not result.success
    assert "not_worse_than_champion" in failed_checks(result)
    stored = row(environment, challenger)
    assert stored.status == ModelStatus.REFUSED
    assert stored.judged_at is not None
    assert stored.reasons[0].startswith(tuple(failed_checks(result))), "failed claims come first"
    assert environment.served().model_version == champion
    runs = environment.run_ids()
    assert environment.mlflow.aliases() == {"champion": runs[champion], "challenger": runs[challenger]}


def test_a_model_that_loses_to_elo_is_refused_without_champion(environment: AssetEnvironment, add_trained: Add) -> None:
    version = add_trained(-TRUTH)
    result = run_gate(environment)
    assert {"beats_elo", "calibrated"} <= failed_checks(result)
    assert row(environment, version).status == ModelStatus.REFUSED
    assert environment.served().model_version is None


def test_a_model_in_which_skill_harms_is_refused(environment: AssetEnvironment, add_trained: Add) -> None:
    odd = TRUTH.copy()
    odd[FEATURE_NAMES.index("top3_skill")] = -0.25
    add_trained(odd)
    assert "stronger_players_help" in failed_checks(run_gate(environment))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sha256": "0" * 64}, "SHA-256"),
        (
            {"regression_cases": {"features": [[1.0] * len(FEATURE_NAMES)], "probability": [0.5]}},
            "regression cases are off",
        ),
    ],
)
def test_a_blob_that_differs_from_its_row_is_refused(
    environment: AssetEnvironment, add_trained: Add, changes: dict[str, Any], problem: str
) -> None:
    version = add_trained(**changes)
    result = run_gate(environment)
    assert failed_checks(result) == {"blob_is_intact"}
    stored = row(environment, version)
    assert stored.status == ModelStatus.REFUSED
    assert problem in stored.reasons[0]


def test_a_crash_of_the_gate_leaves_a_candidate(environment: AssetEnvironment, add_trained: Add) -> None:
    version = add_trained()
    result = run_gate(environment, mlflow=MlflowTracking(url=f"http://{NO_SERVER}"))
    assert not result.success
    assert result.get_asset_check_evaluations() == []
    stored = row(environment, version)
    assert (stored.status, stored.judged_at) == (ModelStatus.CANDIDATE, None)
    assert environment.served().model_version is None


def test_a_second_gate_run_repeats_the_result_and_writes_nothing(
    environment: AssetEnvironment, add_trained: Add
) -> None:
    version = add_trained(-TRUTH)
    run_gate(environment)
    first = row(environment, version)
    result = run_gate(environment)
    assert "beats_elo" in failed_checks(result)
    assert row(environment, version).judged_at == first.judged_at


def test_without_a_candidate_the_gate_says_so(environment: AssetEnvironment) -> None:
    result = run_gate(environment)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "no model has been trained yet" in str(failure.step_failure_data.error)


def test_champions_of_other_features_are_not_compared(environment: AssetEnvironment, add_trained: Add) -> None:
    version = add_trained()
    assert run_gate(environment).success
    with environment.database.transaction() as session:  # a champion of another release
        session.get_one(ModelRow, version).features_version = 999
    add_trained()
    result = run_gate(environment)
    evaluations = {check.check_name: check.description for check in result.get_asset_check_evaluations()}
    assert "not checked" in (evaluations["not_worse_than_champion"] or "")
