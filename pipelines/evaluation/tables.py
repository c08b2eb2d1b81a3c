"""Scored forecasts as tables and plots for people."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.evaluation.scored_forecasts import FORECASTERS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = ("", "n", "log loss", "team Elo", "player Elo", "Brier", "accuracy", "slope", "intercept", "coverage")
_SCORES = (
    *("log_loss", "team_elo_log_loss", "player_elo_log_loss", "brier_score", "accuracy"),
    *("slope", "intercept", "coverage"),
)


def table_row(value: str, scores: Mapping[str, Any]) -> list[str]:
    """One row of a table of groups, in the order of :data:`HEADINGS`; empty cells if there are too few matches."""
    numbers = ["" if scores[name] is None else f"{scores[name]:.4f}" for name in _SCORES]
    return [value, str(scores["n"]), *numbers]


def markdown_table(rows: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS) -> str:
    """A table as Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, ["---"] * len(headings), *rows))


def quality_figure(scored: pd.DataFrame, kind: str) -> "Figure":
    """Plot calibration and log loss by week, with both Elos."""
    from pipelines.plots import backtest_figure

    forecasts = {name: scored[column].to_numpy() for name, column in FORECASTERS.items()}
    unit = "maps" if kind == "map" else "series"
    return backtest_figure(forecasts, scored["won"].to_numpy(), scored["week"].to_numpy(object), unit=unit, by="week")
