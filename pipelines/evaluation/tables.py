"""Judged forecasts for people: the table of a kind, and its plot."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.evaluation.live_quality import FORECASTERS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = ("", "n", "log loss", "team Elo", "player Elo", "Brier", "accuracy", "slope", "intercept", "coverage")
_FIGURES = (
    *("log_loss", "team_elo_log_loss", "player_elo_log_loss", "brier_score", "accuracy"),
    *("slope", "intercept", "coverage"),
)


def cells(value: str, figures: Mapping[str, Any]) -> list[str]:
    """One line of a table, in the order of :data:`HEADINGS`; empty where there are too few matches."""
    numbers = ["" if figures[name] is None else f"{figures[name]:.4f}" for name in _FIGURES]
    return [value, str(figures["n"]), *numbers]


def markdown(lines: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS) -> str:
    """A table as Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, ["---"] * len(headings), *lines))


def live_figure(judged: pd.DataFrame, kind: str) -> "Figure":
    """Calibration, and log loss by week, beside both Elos."""
    from pipelines.plots import backtest_figure

    forecasts = {name: judged[column].to_numpy() for name, column in FORECASTERS.items()}
    unit = "maps" if kind == "map" else "series"
    return backtest_figure(forecasts, judged["won"].to_numpy(), judged["week"].to_numpy(object), unit=unit, by="week")
