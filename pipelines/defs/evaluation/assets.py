"""Outcomes of the stored forecasts, and their live quality.

Functions import what needs pandas or numba themselves: the code location loads without them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from sqlalchemy import delete, select

from cs2.calendar import date_of
from cs2.settings import get_settings
from cs2.storage.live_quality import LiveQuality
from cs2.storage.model_registry import ModelRow
from pipelines.evaluation.repository import store_outcomes
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.resources import SHORT_ABSENCE, Database, Mongo

if TYPE_CHECKING:
    import pandas as pd

GROUP = "evaluation"
TAGS = {"stage": "evaluation"}

Row = dict[str, Any]


@dg.asset(
    deps=["map_results", "series"],
    group_name=GROUP,
    kinds={"mongodb", "postgres"},
    tags=TAGS,
    pool=GROUP,
    owners=["team:models"],
    retry_policy=SHORT_ABSENCE,
)
def forecast_outcomes(database: Database, mongo: Mongo) -> dg.MaterializeResult[None]:
    """One MongoDB document per scored forecast: winner, day, tier of both teams, and the probabilities of both Elos.

    Each run computes the outcomes of all forecasts from all results. So a corrected result changes an outcome, and a
    withdrawn result removes it. `docs/history.md` says which match a forecast was about, and which forecasts are not
    scored.
    """
    from pipelines.etl.repository import load_history
    from pipelines.evaluation.outcomes import score_forecasts
    from pipelines.evaluation.results import read_results, with_current_ids
    from pipelines.evaluation.stored_forecasts import read_forecasts

    today = get_settings().current_day()
    with mongo.database() as stored:
        forecasts = read_forecasts(stored)
        with database.one_state() as connection:
            forecasts = with_current_ids(connection, forecasts)
            results = read_results(connection, first=_first_day(forecasts, today), last=today)
            history = load_history(connection)
        scored = score_forecasts(forecasts, results, history, now=datetime.now(UTC))
        changes = store_outcomes(stored, scored.outcomes)
    return dg.MaterializeResult(
        metadata={
            "forecasts": len(forecasts),
            "scored": len(scored.outcomes),
            "written": changes.written,
            "removed": changes.removed,
            "statuses": dg.MetadataValue.json(scored.statuses),
        }
    )


def _first_day(forecasts: "pd.DataFrame", today: date) -> date:
    """First requested day, but not after today: all requests may be about the year 9999."""
    days = forecasts["played_on"].to_numpy()
    return min(date_of(days.min()), today) if len(days) else today


@dg.asset(
    deps=[forecast_outcomes],
    group_name=GROUP,
    kinds={"postgres", "mlflow"},
    tags=TAGS,
    pool=GROUP,
    owners=["team:models"],
    retry_policy=SHORT_ABSENCE,
)
def live_quality(
    context: dg.AssetExecutionContext, database: Database, mongo: Mongo, mlflow: dg.ResourceParam[MlflowTracking]
) -> dg.MaterializeResult[None]:
    """Scores of the live forecasts: one row per week, model, tier and map, with both Elos on the same matches.

    A match counts once per model, however many forecasts it has. `docs/history.md` explains the scores, and what the
    coverage of intervals can show. Each model's run in MLflow gets its scores and a plot.
    """
    from pipelines.evaluation.live_quality import build_quality_rows
    from pipelines.evaluation.scored_forecasts import latest_per_match, read_scored_forecasts

    with mongo.database() as stored:
        scored = latest_per_match(read_scored_forecasts(stored), per_model=True)
    of_models = select(LiveQuality).where(LiveQuality.grouping == "model")
    with database.transaction() as session:
        models = {model.version: model for model in session.scalars(select(ModelRow))}
        rows = build_quality_rows(scored, {version: _lead(model) for version, model in models.items()})
        before = {(row.kind, row.value): row.metrics for row in session.scalars(of_models)}
        session.execute(delete(LiveQuality))
        session.add_all(LiveQuality(**row) for row in rows)
    changed = [
        row for row in rows if row["grouping"] == "model" and before.get((row["kind"], row["value"])) != row["metrics"]
    ]
    _log_to_mlflow(context, mlflow, models, changed, scored)
    return dg.MaterializeResult(metadata=_metadata(scored, rows))


def _lead(model: ModelRow) -> float | None:
    """Log loss minus that of Elo on the held-out maps of the training."""
    log_loss, of_elo = model.metrics.get("log_loss"), model.metrics.get("elo_log_loss")
    return None if log_loss is None or of_elo is None else float(log_loss) - float(of_elo)


def _log_to_mlflow(
    context: dg.AssetExecutionContext,
    mlflow: MlflowTracking,
    models: dict[int, ModelRow],
    rows: Iterable[Row],
    scored: "pd.DataFrame",
) -> None:
    """Add each model's scores to its run. If MLflow is away, the scores follow with their next change."""
    from pipelines.evaluation.tables import quality_figure

    for row in rows:
        kind, version, metrics = row["kind"], int(row["value"]), row["metrics"]
        if version not in models:
            continue
        of_model = scored[(scored["kind"] == kind) & (scored["model_version"] == version)]
        try:
            mlflow.log_live_quality(
                models[version].mlflow_run_id,
                metrics={f"live_{kind}_{name}": value for name, value in metrics.items() if value is not None},
                step=metrics["n"],
                figures={f"live_{kind}.png": quality_figure(of_model, kind)},
            )
        except MlflowError as error:
            context.log.warning(f"the live quality of version {version} is not in MLflow: {error}")


def _metadata(scored: "pd.DataFrame", rows: Sequence[Row]) -> dict[str, Any]:
    from pipelines.evaluation.scored_forecasts import latest_per_match
    from pipelines.evaluation.tables import markdown_table, quality_figure, table_row
    from pipelines.plots import as_data_url

    metadata: dict[str, Any] = {"matches": len(scored)}
    for kind, of_kind in scored.groupby("kind"):
        lines = [table_row(f"{row['grouping']} {row['value']}", row["metrics"]) for row in rows if row["kind"] == kind]
        metadata[f"{kind}_table"] = dg.MetadataValue.md(markdown_table(lines))
        plot = as_data_url(quality_figure(latest_per_match(of_kind), str(kind)))
        metadata[f"{kind}_plot"] = dg.MetadataValue.md(f"![{kind}]({plot})")
    return metadata
