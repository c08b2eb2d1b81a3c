"""Promotion through the assets: the row, then MLflow's aliases, then the announcement."""

from typing import Any

import dagster as dg

from cs2.messages import AnnouncementKind
from pipelines.defs.training.promotion import aliases_follow_the_rows, champion_model
from pipelines.mlflow_client import MlflowTracking
from pipelines.resources import Announcer
from tests.testkit.asset_environment import NOBODY, Add, AssetEnvironment, Listen, importing_mlflow

pytestmark = importing_mlflow


def promote(stage: AssetEnvironment, version: int | None = None, **other_resources: Any) -> dg.ExecuteInProcessResult:
    config = {"champion_model": {"config": {} if version is None else {"version": version}}}
    return stage.materialize([champion_model, aliases_follow_the_rows], config=config, **other_resources)


def mend(stage: AssetEnvironment) -> dg.AssetCheckResult:
    result = aliases_follow_the_rows(database=stage.database, mlflow=stage.mlflow)
    assert isinstance(result, dg.AssetCheckResult)
    return result


def check_passed(result: dg.ExecuteInProcessResult) -> bool:
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation.passed


def test_the_newest_candidate_that_passed_is_served_aliased_and_announced(
    stage: AssetEnvironment, add_candidate: Add, announcements: Listen
) -> None:
    version = add_candidate(verdict=[])
    result = promote(stage)
    assert result.success
    assert check_passed(result)
    assert stage.served().model_version == version
    assert stage.mlflow.aliases() == {"champion": stage.run_ids()[version]}
    message = announcements()
    assert message is not None
    assert (message.kind, message.model_version) == (AnnouncementKind.MODEL, version)
    assert message.snapshot_id == stage.served().snapshot_id


def test_a_refused_candidate_leaves_champion_aliases_and_listeners_alone(
    stage: AssetEnvironment, add_candidate: Add, announcements: Listen
) -> None:
    first = add_candidate(verdict=[])
    promote(stage)
    assert announcements() is not None
    add_candidate(verdict=["worse than the champion"])
    assert not promote(stage).success
    assert stage.served().model_version == first
    assert stage.mlflow.aliases()["champion"] == stage.run_ids()[first]
    assert announcements() is None


def test_a_candidate_that_was_not_judged_is_not_served(stage: AssetEnvironment, add_candidate: Add) -> None:
    version = add_candidate(in_mlflow=False)
    assert not promote(stage).success
    assert not promote(stage, version).success
    assert stage.served().model_version is None


def test_a_rollback_is_announced_like_any_new_model(
    stage: AssetEnvironment, add_candidate: Add, announcements: Listen
) -> None:
    versions = []
    for _ in range(2):
        versions.append(add_candidate(verdict=[]))
        assert promote(stage).success
        assert announcements() is not None
    assert promote(stage, versions[0]).success
    message = announcements()
    assert message is not None
    assert message.model_version == versions[0]
    assert stage.mlflow.aliases()["champion"] == stage.run_ids()[versions[0]]


def test_the_newest_refused_version_is_the_challenger(stage: AssetEnvironment, add_candidate: Add) -> None:
    champion = add_candidate(verdict=[])
    promote(stage)
    challenger = add_candidate(verdict=["worse"])
    mend(stage)
    runs = stage.run_ids()
    assert stage.mlflow.aliases() == {"champion": runs[champion], "challenger": runs[challenger]}


def test_aliases_that_somebody_moved_are_mended_and_reported(stage: AssetEnvironment, add_candidate: Add) -> None:
    first, second = (add_candidate(verdict=[]) for _ in range(2))
    runs = stage.run_ids()
    promote(stage)
    stage.mlflow.set_aliases({"champion": runs[first]})
    checked = mend(stage)
    assert not checked.passed
    assert "mended" in (checked.description or "")
    assert stage.mlflow.aliases()["champion"] == runs[second]
    assert mend(stage).passed


def test_without_mlflow_the_row_is_promoted_and_announced_and_the_check_says_so(
    stage: AssetEnvironment, add_candidate: Add, announcements: Listen
) -> None:
    version = add_candidate(verdict=[], in_mlflow=False)
    result = promote(stage, mlflow=MlflowTracking(url=f"http://{NOBODY}"))
    assert result.success
    assert not check_passed(result)
    assert stage.served().model_version == version
    assert announcements() is not None


def test_without_redis_the_promotion_stands(stage: AssetEnvironment, add_candidate: Add) -> None:
    version = add_candidate(verdict=[])
    result = promote(stage, announcer=Announcer(url=f"redis://{NOBODY}/0"))
    assert result.success, "serving also asks PostgreSQL on a timer"
    assert stage.served().model_version == version
