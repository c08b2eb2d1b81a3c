"""The training's view of the model registry."""

from sqlalchemy.orm import Session

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.storage.live_quality import get_alarm_reason
from cs2.storage.model_registry import (
    ModelRow,
    ModelStatus,
    SnapshotRow,
    get_champion,
    get_latest_model,
    get_latest_snapshot,
)
from pipelines.training.retraining import TrainingState


def read_training_state(session: Session) -> TrainingState:
    """Read what the decision to train depends on."""
    snapshot = get_latest_snapshot(session)
    if snapshot is None:
        return TrainingState()
    champion, newest = get_champion(session), get_latest_model(session)
    is_trained_on = newest is not None and newest.snapshot_id == snapshot.id
    was_refused = newest is not None and newest.status == ModelStatus.REFUSED
    return TrainingState(
        snapshot_id=snapshot.id,
        n_rated=snapshot.n_rated,
        champion_version=champion.version if champion else None,
        champion_n_rated=_n_rated(session, champion) if champion else 0,
        refused_version=newest.version if newest and was_refused and is_trained_on else None,
        ratings_fit=snapshot.features_version == FEATURES_VERSION,
        champion_fits=champion is None or champion.features_version == FEATURES_VERSION,
        alarm_reason=get_alarm_reason(session, champion.version) if champion else None,
        is_trained_on=is_trained_on,
    )


def _n_rated(session: Session, model: ModelRow) -> int:
    return session.get_one(SnapshotRow, model.snapshot_id).n_rated
