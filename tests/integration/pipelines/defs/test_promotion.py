"""The assets promote a model: first its row, then MLflow's aliases, then the announcement."""

from typing import Any

import dagster as dg

from cs2.messages import AnnouncementKind
from pipelines.defs.training.promotion import aliases_follow_the_rows, champion_model
from pipelines.mlflow_client import MlflowTracking
from pipelines.resources import Announcer
from tests.testkit.asset_environment import NO_SERVER, Add, AssetEnvironment, Listen, importing_mlflow

pytestmark = importing_mlflow


def promote(
    environment: AssetEnvironment, version: int | None = None, **other_resources: Any
) -> dg.ExecuteInProcessResult:
    config = {"champion_model": {"config": {} if version is None else {"version": version}}}
    return environment.materialize([champion_model, aliases_follow_the_rows], config=config, **other_resources)


def check_aliases(environment: AssetEnvironment) -> dg.AssetCheckResult:
    result = aliases_follow_the_rows(database=environment.database, mlflow=environment.mlflow)
    assert isinstance(result, dg.AssetCheckResult)
    return result


def check_passed(result: dg.ExecuteInProcessResult) -> bool:
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation.passed


def test_a_candidate_that_passed_is_served_and_announced(
    environment: AssetEnvironment, add_candidate: Add, announcements: Listen
) -> None:
    version = add_candidate(refusals=[])
    result = promote(environment)
    assert result.success
    assert check_passed(result)
    assert environment.served().model_version == version
    assert environment.mlflow.aliases() == {"champion": environment.run_ids()[version]}
    message = announcements()
    assert message is not None
    assert (message.kind, message.model_version) == (AnnouncementKind.MODEL, version)
    assert message.snapshot_id == environment.served().snapshot_id


def test_a_refused_candidate_changes_nothing_that_is_served(
    environment: AssetEnvironment, add_candidate: Add, announcements: Listen
) -> None:
    first = add_candidate(refusals=[])
    promote(environment)
    assert announcements() is not None
    add_candidate(refusals=["worse than the champion"])
    assert not promote(environment).success
    assert environment.served().model_version == first
    assert environment.mlflow.aliases()["champion"] == environment.run_ids()[first]
    assert announcements() is None


def test_a_candidate_without_gate_result_is_not_served(environment: AssetEnvironment, add_candidate: Add) -> None:
    version = add_candidate(in_mlflow=False)
    assert not promote(environment).success
    assert not promote(environment, version).success
    assert environment.served().model_version is None


def test_a_rollback_is_announced_like_any_new_model(
    environment: AssetEnvironment, add_candidate: Add, announcements: Listen
) -> None:
    versions = []
    for _ in range(2):
        versions.append(add_candidate(refusals=[]))
        assert promote(environment).success
        assert announcements() is not None
    assert promote(environment, versions[0]).success
    message = announcements()
    assert message is not None
    assert message.model_version == versions[0]
    assert environment.mlflow.aliases()["champion"] == environment.run_ids()[versions[0]]


def test_the_newest_refused_version_is_the_challenger(environment: AssetEnvironment, add_candidate: Add) -> None:
    champion = add_candidate(refusals=[])
    promote(environment)
    challenger = add_candidate(refusals=["worse"])
    check_aliases(environment)
    runs = environment.run_ids()
    assert environment.mlflow.aliases() == {"champion": runs[champion], "challenger": runs[challenger]}


def test_moved_aliases_are_repaired_and_reported(environment: AssetEnvironment, add_candidate: Add) -> None:
    first, second = (add_candidate(refusals=[]) for _ in range(2))
    runs = environment.run_ids()
    promote(environment)
    environment.mlflow.set_aliases({"champion": runs[first]})
    checked = check_aliases(environment)
    assert not checked.passed
    assert "repaired" in (checked.description or "")
    assert environment.mlflow.aliases()["champion"] == runs[second]
    assert check_aliases(environment).passed


def test_without_mlflow_a_promotion_stands_and_the_check_warns(
    environment: AssetEnvironment, add_candidate: Add, announcements: Listen
) -> None:
    version = add_candidate(refusals=[], in_mlflow=False)
    result = promote(environment, mlflow=MlflowTracking(url=f"http://{NO_SERVER}"))
    assert result.success
    assert not check_passed(result)
    assert environment.served().model_version == version
    assert announcements() is not None


def test_without_redis_the_promotion_stands(environment: AssetEnvironment, add_candidate: Add) -> None:
    version = add_candidate(refusals=[])
    result = promote(environment, announcer=Announcer(url=f"redis://{NO_SERVER}/0"))
    assert result.success, "serving also polls PostgreSQL"
    assert environment.served().model_version == version
