"""The gate on real servers: a verdict is a row, a crash is none."""

from typing import Any

import dagster as dg
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.probability import sigmoid
from cs2.storage.model_registry import ModelRow, ModelStatus
from pipelines.defs.training.gate import CLAIMS, gate
from pipelines.defs.training.promotion import champion_model
from pipelines.mlflow_client import MlflowTracking, TrainedModel
from tests.testkit.asset_environment import NOBODY, Add, AssetEnvironment, importing_mlflow

pytestmark = importing_mlflow

N_MAPS = 1500
RANDOM = np.random.default_rng(7)
TRUTH = np.linspace(0.6, 0.1, len(FEATURE_NAMES))
X = RANDOM.normal(size=(N_MAPS, len(FEATURE_NAMES)))
WON = RANDOM.random(N_MAPS) < sigmoid(X @ TRUTH)
DAY = np.arange(N_MAPS) // 20
WORSE = TRUTH + RANDOM.normal(scale=0.25, size=len(TRUTH))


def pipeline(coefficients: Any) -> Pipeline:
    """As ``fit_logistic`` makes it, with coefficients of our choice."""
    made = Pipeline(
        [("scale", StandardScaler(with_mean=False)), ("regression", LogisticRegression(fit_intercept=False))]
    ).fit(X, WON)
    made[1].coef_ = (np.asarray(coefficients) * made[0].scale_).reshape(1, -1)
    return made


@pytest.fixture
def add_trained(add_candidate: Add, mlflow: MlflowTracking) -> Add:
    """A candidate with the given coefficients, as the training would leave it."""

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
                evaluation={
                    "X": X,
                    "team1_won": WON,
                    "day": DAY,
                    "candidate": model.probability(X),
                    "swapped": model.probability(-X),
                    "beside_champion": model.probability(X),
                    "elo": sigmoid(0.3 * X[:, 0]),
                },
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
    """Stands for the training, whose row is there already."""


def judged(environment: AssetEnvironment, **other_resources: Any) -> dg.ExecuteInProcessResult:
    """The gate and what it guards, as in ``train_job``."""
    return environment.materialize([candidate_model, gate, champion_model], **other_resources)


def failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    return {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}


def row(environment: AssetEnvironment, version: int) -> ModelRow:
    with environment.database.transaction() as session:
        return session.get_one(ModelRow, version)


def test_a_good_candidate_passes_and_is_served(environment: AssetEnvironment, add_trained: Add) -> None:
    version = add_trained()
    result = judged(environment)
    assert result.success
    assert {check.check_name for check in result.get_asset_check_evaluations()} == set(CLAIMS)
    stored = row(environment, version)
    assert stored.status == ModelStatus.CHAMPION
    assert stored.metrics["gate"]["minus_elo"] < 0
    assert environment.served().model_version == version


def test_a_worse_challenger_is_refused_with_reasons_and_the_champion_stays(
    environment: AssetEnvironment, add_trained: Add
) -> None:
    champion = add_trained()
    assert judged(environment).success
    challenger = add_trained(WORSE)
    result = judged(environment)
    assert not result.success
    assert "not_worse_than_champion" in failed_checks(result)
    stored = row(environment, challenger)
    assert stored.status == ModelStatus.REFUSED
    assert stored.judged_at is not None
    assert stored.reasons[0].startswith(tuple(failed_checks(result))), "what failed is told first"
    assert environment.served().model_version == champion
    runs = environment.run_ids()
    assert environment.mlflow.aliases() == {"champion": runs[champion], "challenger": runs[challenger]}


def test_a_model_that_loses_to_elo_is_refused_without_any_champion(
    environment: AssetEnvironment, add_trained: Add
) -> None:
    version = add_trained(-TRUTH)
    result = judged(environment)
    assert {"beats_elo", "calibrated"} <= failed_checks(result)
    assert row(environment, version).status == ModelStatus.REFUSED
    assert environment.served().model_version is None


def test_a_model_in_which_a_better_player_harms_his_side_is_refused(
    environment: AssetEnvironment, add_trained: Add
) -> None:
    odd = TRUTH.copy()
    odd[FEATURE_NAMES.index("top3_skill")] = -0.25
    add_trained(odd)
    assert "stronger_players_help" in failed_checks(judged(environment))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sha256": "0" * 64}, "SHA-256"),
        (
            {"regression_cases": {"features": [[1.0] * len(FEATURE_NAMES)], "probability": [0.5]}},
            "golden forecasts are missed",
        ),
    ],
)
def test_a_blob_that_is_not_what_was_recorded_is_refused(
    environment: AssetEnvironment, add_trained: Add, changes: dict[str, Any], problem: str
) -> None:
    version = add_trained(**changes)
    result = judged(environment)
    assert failed_checks(result) == {"blob_is_intact"}
    stored = row(environment, version)
    assert stored.status == ModelStatus.REFUSED
    assert problem in stored.reasons[0]


def test_a_crash_is_no_verdict(environment: AssetEnvironment, add_trained: Add) -> None:
    version = add_trained()
    result = judged(environment, mlflow=MlflowTracking(url=f"http://{NOBODY}"))
    assert not result.success
    assert result.get_asset_check_evaluations() == []
    stored = row(environment, version)
    assert (stored.status, stored.judged_at) == (ModelStatus.CANDIDATE, None)
    assert environment.served().model_version is None


def test_judging_again_repeats_the_verdict_and_changes_nothing(environment: AssetEnvironment, add_trained: Add) -> None:
    version = add_trained(-TRUTH)
    judged(environment)
    first = row(environment, version)
    result = judged(environment)
    assert "beats_elo" in failed_checks(result)
    assert row(environment, version).judged_at == first.judged_at


def test_without_a_candidate_the_gate_says_so(environment: AssetEnvironment) -> None:
    result = judged(environment)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "no model has been trained yet" in str(failure.step_failure_data.error)


def test_champions_of_other_features_are_not_compared(environment: AssetEnvironment, add_trained: Add) -> None:
    version = add_trained()
    assert judged(environment).success
    with environment.database.transaction() as session:  # a champion that another release left behind
        session.get_one(ModelRow, version).features_version = 999
    add_trained()
    result = judged(environment)
    evaluations = {check.check_name: check.description for check in result.get_asset_check_evaluations()}
    assert "not judged" in (evaluations["not_worse_than_champion"] or "")
