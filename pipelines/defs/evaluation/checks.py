"""Checks of the live forecasts: their quality is as expected, and their questions resemble the training."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from cs2.forecasting.evaluation.stability import DRIFTED
from cs2.storage.live_quality import get_alarm_reason
from cs2.storage.model_registry import get_champion
from pipelines.defs.evaluation.assets import live_quality
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.resources import Database, Mongo

if TYPE_CHECKING:
    from pipelines.evaluation.drift import Drift


@dg.asset_check(asset=live_quality)
def live_quality_is_in_its_band(database: Database) -> dg.AssetCheckResult:
    """The champion is no worse than team Elo on the matches it forecast, nor far behind what its training promised.

    A failure makes `retraining_sensor` start a training. It takes 200 scored matches, and the whole 95% interval.
    """
    with database.transaction() as session:
        champion = get_champion(session)
        reason = get_alarm_reason(session, champion.version) if champion else None
    version = champion.version if champion else None
    return dg.AssetCheckResult(
        passed=reason is None,
        description=f"version {version}: {reason}; a new training is due" if reason else None,
        metadata={"model_version": version},
    )


@dg.asset_check(asset=live_quality)
def questions_are_as_in_training(
    database: Database, mongo: Mongo, mlflow: dg.ResourceParam[MlflowTracking]
) -> dg.AssetCheckResult:
    """Neither a feature nor the forecasts have drifted from the held-out maps of the champion's training.

    The population stability index of each is at most 0.25, for maps and for series. A higher index is a warning: the
    questions may have changed.
    """
    from pipelines.evaluation.drift import MAX_RECENT, REFERENCES, drift_since_training
    from pipelines.evaluation.stored_forecasts import read_recent_contributions

    with database.transaction() as session:
        champion = get_champion(session)
    version = champion.version if champion else 0
    with mongo.database() as stored:
        recent = {kind: read_recent_contributions(stored, version, kind, limit=MAX_RECENT) for kind in REFERENCES}
    try:
        drifts = drift_since_training(champion, recent, mlflow)
    except MlflowError as error:
        return _warning(False, f"not measured: {error}")
    texts, has_drifted = [], False
    metadata: dict[str, Any] = {}
    for kind, drift in sorted(drifts.items()):
        drifted = [f"{name} {index:.2f}" for name, index in _largest_first(drift) if index > DRIFTED]
        if drift.problem or drifted:
            texts.append(f"{kind}: " + (f"not measured: {drift.problem}" if drift.problem else ", ".join(drifted)))
        has_drifted = has_drifted or bool(drifted)
        metadata |= _metadata(kind, drift)
    return _warning(not has_drifted, "; ".join(texts), **metadata)


def _largest_first(drift: "Drift") -> list[tuple[str, float]]:
    return sorted(drift.indices.items(), key=lambda item: -item[1])


def _metadata(kind: str, drift: "Drift") -> dict[str, Any]:
    from pipelines.evaluation.tables import markdown_table

    if not drift.indices:
        return {}
    lines = [[name, f"{index:.3f}"] for name, index in _largest_first(drift)]
    return {
        f"{kind}_stability": dg.MetadataValue.md(markdown_table(lines, ("of", "population stability index"))),
        f"{kind}_questions": drift.questions,
        f"{kind}_reference": drift.reference,
        **{f"{kind}_{name}": index for name, index in drift.indices.items()},
    }


def _warning(passed: bool, text: str, **metadata: Any) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed, severity=dg.AssetCheckSeverity.WARN, description=text or None, metadata=metadata
    )
