"""When to train: a decision on facts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cs2.calendar import is_pause_over


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """What the tables say about ratings and models.

    Attributes:
        snapshot_id: Newest ratings; None if there are none.
        n_rated: Rated rows in them.
        champion_version: Served version; None if there is no champion.
        champion_n_rated: Rated rows in the ratings that the champion was trained with.
        refused_version: Newest version, if the gate refused it and it was trained with the newest ratings.
        ratings_fit: Whether the ratings are for the features that this code computes; False after some upgrades.
        champion_fits: Whether the champion is for these features.
        alarm_reason: Why the champion's live quality is out of its band; None if it is not.
        is_trained_on: Whether the newest version was trained with the newest ratings.
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
    reason: str


def decide(
    state: TrainingState,
    *,
    is_running: bool,
    last_attempt: datetime | None,
    now: datetime,
    after_maps: int,
    cooldown: timedelta,
) -> Decision:
    """Train after enough new rated rows, or when the champion's live quality is out of its band.

    Only one training runs at a time, with a pause between two of them. An alarm starts one training per ratings.

    Args:
        state: What the tables say.
        is_running: Whether a training is queued or running.
        last_attempt: Start of the last training, however it ended.
        now: The current moment.
        after_maps: Retrain after this many new rated rows.
        cooldown: Shortest time between two trainings, so that a crash is not repeated without a pause.
    """
    reason = _reason_to_train(state, after_maps=after_maps)
    if not reason.train:
        return reason
    obstacle = _obstacle(state, is_running=is_running)
    if obstacle is None and last_attempt is not None and not is_pause_over(last_attempt, cooldown, now=now):
        obstacle = f"cooling down until {last_attempt + cooldown:%H:%M:%S} UTC"
    if obstacle is not None:
        return Decision(False, f"{reason.reason}, but {obstacle}")
    return reason


def _reason_to_train(state: TrainingState, *, after_maps: int) -> Decision:
    if state.champion_version is None:
        return Decision(True, "there is no champion yet")
    if not state.champion_fits:
        return Decision(True, f"version {state.champion_version} is for other features than this code computes")
    n_new = state.n_rated - state.champion_n_rated
    reason = f"{n_new} new rated rows since version {state.champion_version}"
    if n_new >= after_maps:
        return Decision(True, reason)
    if state.alarm_reason is None:
        return Decision(False, f"{reason}; training starts after {after_maps}")
    reason = f"live quality is out of its band: {state.alarm_reason}"
    if state.is_trained_on:
        return Decision(False, f"{reason}, but a version was trained with these ratings: waiting for newer ones")
    return Decision(True, reason)


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
