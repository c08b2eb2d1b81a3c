"""Model registry: at most one champion, atomic promotion, no duplicate ratings in a row."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.storage.engine import make_engine
from cs2.storage.model_registry import (
    ModelRow,
    ModelStatus,
    PromotionRefusedError,
    ServedVersions,
    SnapshotRow,
    get_champion,
    get_latest_model,
    get_latest_snapshot,
    get_model_of_run,
    get_served_versions,
    promote,
    record_gate_result,
    store_snapshot,
)


@pytest.fixture
def session(postgres_url: str) -> Iterator[Session]:
    engine = make_engine(postgres_url)
    with Session(engine) as session:
        yield session
    engine.dispose()


def store(session: Session, data: bytes = b"ratings") -> Any:
    return store_snapshot(session, as_of=date(2025, 12, 31), features_version=FEATURES_VERSION, data=data, n_rated=10)


def candidate(session: Session, run: str) -> ModelRow:
    row = ModelRow(
        status=ModelStatus.CANDIDATE,
        estimator="logistic_regression",
        mlflow_run_id=f"mlflow-{run}",
        dagster_run_id=run,
        artifact_uri="mlflow-artifacts:/1/model.skops",
        sha256="0" * 64,
        features_version=FEATURES_VERSION,
        feature_names=["rating"],
        parameters={},
        regression_cases={},
        metrics={"log_loss": 0.64},
        trained_from=date(2024, 1, 1),
        trained_through=date(2025, 12, 31),
        n_maps=10,
        snapshot_id=store(session).id,
    )
    session.add(row)
    session.flush()
    return row


def passed(session: Session, run: str) -> ModelRow:
    return record_gate_result(session, candidate(session, run).version, passed=True, reasons=[], metrics={})


def statuses(session: Session) -> list[str]:
    return list(session.scalars(select(ModelRow.status).order_by(ModelRow.version)))


def test_the_same_ratings_are_no_new_row(session: Session) -> None:
    first, second = store(session), store(session)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.id == second.id


def test_ratings_restored_after_a_correction_are_the_newest(session: Session) -> None:
    first, corrected, restored = store(session, b"a"), store(session, b"b"), store(session, b"a")
    assert first.id < corrected.id < restored.id
    newest = get_latest_snapshot(session)
    assert newest is not None
    assert newest.data == b"a"


def test_nothing_is_served_at_first(session: Session) -> None:
    assert get_served_versions(session) == ServedVersions(None, None)
    assert get_latest_model(session) is None


def test_promotion_retires_the_champion_before(session: Session) -> None:
    first, second = passed(session, "a"), passed(session, "b")
    promote(session, first.version)
    promote(session, second.version)
    assert statuses(session) == ["retired", "champion"]
    assert get_served_versions(session).model_version == second.version


def test_a_retired_version_may_come_back(session: Session) -> None:
    first, second = passed(session, "a"), passed(session, "b")
    for version in (first.version, second.version, first.version):
        promote(session, version)
    assert statuses(session) == ["champion", "retired"]


def test_promoting_the_champion_changes_nothing(session: Session) -> None:
    row = passed(session, "a")
    since = promote(session, row.version).promoted_at
    assert promote(session, row.version).promoted_at == since


def test_a_refused_version_is_not_promoted(session: Session) -> None:
    row = candidate(session, "a")
    record_gate_result(session, row.version, passed=False, reasons=["worse than Elo"], metrics={"gain": -0.1})
    assert row.status == ModelStatus.REFUSED
    assert row.metrics == {"log_loss": 0.64, "gain": -0.1}
    with pytest.raises(PromotionRefusedError, match="worse than Elo"):
        promote(session, row.version)


def test_a_version_without_gate_result_is_not_promoted(session: Session) -> None:
    with pytest.raises(PromotionRefusedError, match="no gate result"):
        promote(session, candidate(session, "a").version)


def test_an_unknown_version_is_not_promoted(session: Session) -> None:
    with pytest.raises(PromotionRefusedError, match="no version 7"):
        promote(session, 7)


def test_a_gate_result_is_recorded_once(session: Session) -> None:
    row = candidate(session, "a")
    record_gate_result(session, row.version, passed=False, reasons=["worse"], metrics={})
    with pytest.raises(PromotionRefusedError, match="refused"):
        record_gate_result(session, row.version, passed=True, reasons=[], metrics={})


def test_an_interrupted_promotion_leaves_the_old_champion(session: Session, postgres_url: str) -> None:
    first, second = passed(session, "a"), passed(session, "b")
    promote(session, first.version)
    session.commit()
    promote(session, second.version)
    engine = make_engine(postgres_url)
    with Session(engine) as reader:
        champion = get_champion(reader)
        assert champion is not None
        assert champion.version == first.version, "a promotion becomes visible only after its commit"
    session.rollback()
    assert statuses(session) == ["champion", "candidate"]
    engine.dispose()


def test_a_run_finds_its_version(session: Session) -> None:
    candidate(session, "a")
    row = candidate(session, "b")
    assert get_model_of_run(session, "b") is row
    assert get_model_of_run(session, "c") is None
    assert session.scalar(select(func.count()).select_from(SnapshotRow)) == 1
