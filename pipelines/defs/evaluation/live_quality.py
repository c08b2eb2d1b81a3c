"""How good the judged forecasts were, and the checks that ask for training or warn of drift."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pandas as pd
from sqlalchemy import delete, select

from cs2.storage.live_quality import LiveQuality
from cs2.storage.model_registry import ModelRow
from pipelines.defs.evaluation.assets import forecast_outcomes
from pipelines.evaluation.live_quality import quality_rows
from pipelines.evaluation.scored_forecasts import one_a_match, read_judged
from pipelines.evaluation.tables import cells, live_figure, markdown
from pipelines.mlflow_client import MlflowError, MlflowTracking
from pipelines.resources import SHORT_ABSENCE, Database, Mongo

Row = dict[str, Any]


@dg.asset(
    deps=[forecast_outcomes],
    group_name="history",
    kinds={"postgres", "mlflow"},
    pool="history",
    owners=["team:models"],
    retry_policy=SHORT_ABSENCE,
)
def live_quality(
    context: dg.AssetExecutionContext, database: Database, mongo: Mongo, mlflow: MlflowTracking
) -> dg.MaterializeResult[None]:
    """How good the judged forecasts were: one row a week, model, tier and map, beside both Elos on the same matches.

    A match counts once a model, however often it was asked for. What is measured, and what the coverage of intervals
    can and cannot show, stands in `docs/history.md`. The run of each model in MLflow gets its figures and the plot.
    """
    with mongo.database() as forecasts:
        judged = one_a_match(read_judged(forecasts))
    of_models = select(LiveQuality).where(LiveQuality.grouping == "model")
    with database.transaction() as session:
        models = {model.version: model for model in session.scalars(select(ModelRow))}
        rows = quality_rows(judged, {version: _lead(model) for version, model in models.items()})
        before = {(row.kind, row.value): row.metrics for row in session.scalars(of_models)}
        session.execute(delete(LiveQuality))
        session.add_all(LiveQuality(**row) for row in rows)
    for row in rows:
        model = models.get(int(row["value"])) if row["grouping"] == "model" else None
        if model is not None and before.get((row["kind"], row["value"])) != row["metrics"]:
            try:
                _log(mlflow, model.mlflow_run_id, row, judged)
            except MlflowError as error:  # the table has it; MLflow gets it with the next change
                context.log.warning(f"version {model.version} is not in MLflow: {error}")
    return dg.MaterializeResult(metadata=_shown(judged, rows))


def _lead(model: ModelRow) -> float | None:
    """Log loss minus that of Elo on the held-out maps of the training."""
    ours, elo = model.metrics.get("log_loss"), model.metrics.get("elo_log_loss")
    return None if ours is None or elo is None else float(ours) - float(elo)


def _log(mlflow: MlflowTracking, run_id: str, row: Row, judged: pd.DataFrame) -> None:
    kind, figures = row["kind"], row["metrics"]
    of_model = judged[(judged["kind"] == kind) & (judged["model_version"] == int(row["value"]))]
    mlflow.log_live(
        run_id,
        metrics={f"live_{kind}_{name}": value for name, value in figures.items() if value is not None},
        step=figures["n"],
        figures={f"live_{kind}.png": live_figure(of_model, kind)},
    )


def _shown(judged: pd.DataFrame, rows: Sequence[Row]) -> dict[str, Any]:
    from pipelines.plots import as_data_url

    told: dict[str, Any] = {"matches": len(judged)}
    for kind, of_kind in judged.groupby("kind"):
        lines = [cells(f"{row['grouping']} {row['value']}", row["metrics"]) for row in rows if row["kind"] == kind]
        told[f"{kind}_table"] = dg.MetadataValue.md(markdown(lines))
        plot = as_data_url(live_figure(one_a_match(of_kind, of_each_model=False), str(kind)))
        told[f"{kind}_plot"] = dg.MetadataValue.md(f"![{kind}]({plot})")
    return told
