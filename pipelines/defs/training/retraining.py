"""When to train again: a decision on facts, without Dagster."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """What the tables say.

    Attributes:
        snapshot_id: Newest ratings; None before the first.
        n_rated: Rated rows in them.
        champion_version: What is served; None before the first champion.
        champion_n_rated: Rated rows in the ratings that the champion was trained beside.
        refused_version: The newest version, where the gate refused it on these very ratings.
        ratings_fit: Whether the ratings are for the features that this code computes; not after some upgrades.
        champion_fits: The same of the champion.
        fell: Why the champion's live quality is out of its band; None where it is not.
        is_trained_on: Whether the newest version was trained on these very ratings, whatever became of it.
    """

    snapshot_id: int | None = None
    n_rated: int = 0
    champion_version: int | None = None
    champion_n_rated: int = 0
    refused_version: int | None = None
    ratings_fit: bool = True
    champion_fits: bool = True
    alarm_reason: str | None = None
    is_trained_on: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to train now, and why."""

    train: bool
    why: str


def training_state(session: Session) -> TrainingState:
    """Read the state from the tables."""
    snapshot = get_latest_snapshot(session)
    if snapshot is None:
        return TrainingState()
    best, newest = get_champion(session), get_latest_model(session)
    was_refused = newest is not None and newest.status == ModelStatus.REFUSED and newest.snapshot_id == snapshot.id
    return TrainingState(
        snapshot_id=snapshot.id,
        n_rated=snapshot.n_rated,
        champion_version=best.version if best else None,
        champion_n_rated=_n_rated(session, best) if best else 0,
        refused_version=newest.version if newest and was_refused else None,
        ratings_fit=snapshot.features_version == FEATURES_VERSION,
        champion_fits=best is None or best.features_version == FEATURES_VERSION,
        alarm_reason=get_alarm_reason(session, best.version) if best else None,
        is_trained_on=newest is not None and newest.snapshot_id == snapshot.id,
    )


def decide(
    state: TrainingState,
    *,
    is_running: bool,
    last_attempt: datetime | None,
    now: datetime,
    after_maps: int,
    cooldown: timedelta,
) -> Decision:
    """Train when enough new rated rows came since the champion, or its live quality fell; not twice at once, not in the
    cool-down, and for a fallen quality once with the same ratings.

    Args:
        state: What the tables say.
        is_running: Whether a training waits or runs.
        last_attempt: Start of the last training, however it ended.
        now: The moment.
        after_maps: So many new rated rows ask for a new model.
        cooldown: Least time between two trainings, so that a crash is not repeated without a pause.
    """
    new = state.n_rated - state.champion_n_rated
    facts = f"{new} new rated rows since version {state.champion_version}"
    if state.champion_version is None:
        facts = "there is no champion yet"
    elif not state.champion_fits:
        facts = f"version {state.champion_version} is for other features than this code computes"
    elif state.alarm_reason is not None and new < after_maps:
        facts = f"live quality fell: {state.alarm_reason}"
        if state.is_trained_on:
            return Decision(False, f"{facts}, but a version was trained on these ratings: waiting for newer ones")
    elif new < after_maps:
        return Decision(False, f"{facts}, of {after_maps} that ask for training")
    obstacle = _obstacle(state, is_running=is_running)
    if obstacle is None and last_attempt is not None and now < last_attempt + cooldown:
        obstacle = f"cooling down until {last_attempt + cooldown:%H:%M:%S} UTC"
    if obstacle is not None:
        return Decision(False, f"{facts}, but {obstacle}")
    return Decision(True, facts)


def _obstacle(state: TrainingState, *, is_running: bool) -> str | None:
    if state.snapshot_id is None:
        return "there are no ratings yet"
    if not state.ratings_fit:
        return "the ratings are for other features too: materialize rating_snapshots, or run cs2 ingest"
    if is_running:
        return "a training is under way"
    if state.refused_version is not None:
        return f"the gate refused version {state.refused_version} on these ratings: waiting for newer ones"
    return None


def _n_rated(session: Session, model: ModelRow) -> int:
    return session.get_one(SnapshotRow, model.snapshot_id).n_rated
