"""Claims about the live forecasts: they are as good as promised, and asked about what the model was trained for."""

from typing import Any

import dagster as dg

from cs2.forecasting.evaluation.stability import DRIFTED
from cs2.storage.live_quality import get_alarm_reason
from cs2.storage.model_registry import get_champion
from pipelines.defs.evaluation.live_quality import live_quality
from pipelines.evaluation.drift import RECENT, REFERENCES, drift_since_training
from pipelines.evaluation.stored_forecasts import read_recent
from pipelines.evaluation.tables import markdown
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.resources import Database, Mongo


@dg.asset_check(asset=live_quality)
def live_quality_is_in_its_band(database: Database) -> dg.AssetCheckResult:
    """The champion is no worse than team Elo on the matches it forecast, nor far behind what its training promised.

    A failure asks `retraining_sensor` for a new model. It takes 200 judged matches, and the whole 95% interval.
    """
    with database.transaction() as session:
        best = get_champion(session)
        why = get_alarm_reason(session, best.version) if best else None
    version = best.version if best else None
    return dg.AssetCheckResult(
        passed=why is None,
        description=f"version {version}: {why}; a new model is asked for" if why else None,
        metadata={"model_version": version},
    )


@dg.asset_check(asset=live_quality)
def questions_are_as_in_training(database: Database, mongo: Mongo, mlflow: MlflowTracking) -> dg.AssetCheckResult:
    """No feature, and not the forecasts themselves, drifted from the held-out maps of the champion's training.

    The population stability index of each is at most 0.25, of maps and of series. A higher one warns: it may be the
    questions that changed.
    """
    with database.transaction() as session:
        best = get_champion(session)
    version = best.version if best else 0
    with mongo.database() as forecasts:
        recent = {kind: read_recent(forecasts, version, kind, limit=RECENT) for kind in REFERENCES}
    try:
        drifts = drift_since_training(best, recent, mlflow)
    except MlflowError as error:
        return _warn(False, f"not judged: {error}")
    told, is_well = [], True
    metadata: dict[str, Any] = {}
    for kind, drift in sorted(drifts.items()):
        ordered = sorted(drift.indices.items(), key=lambda item: -item[1])
        drifted = [f"{name} {index:.2f}" for name, index in ordered if index > DRIFTED]
        if drift.problem or drifted:
            told.append(f"{kind}: " + (f"not judged: {drift.problem}" if drift.problem else ", ".join(drifted)))
        is_well = is_well and not drifted
        if drift.indices:
            lines = [[name, f"{index:.3f}"] for name, index in ordered]
            metadata[f"{kind}_stability"] = dg.MetadataValue.md(markdown(lines, ("of", "population stability index")))
            metadata |= {f"{kind}_questions": drift.questions, f"{kind}_reference": drift.reference}
            metadata |= {f"{kind}_{name}": index for name, index in drift.indices.items()}
    return _warn(is_well, "; ".join(told), **metadata)


def _warn(passed: bool, told: str, **metadata: Any) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed, severity=dg.AssetCheckSeverity.WARN, description=told or None, metadata=metadata
    )
