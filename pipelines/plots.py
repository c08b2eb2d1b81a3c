"""Figures for MLflow, Dagster, the backtest and reports."""

import base64
import io
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cs2.forecasting.evaluation.metrics import calibration_bins, log_losses
from cs2.forecasting.matches import BoolArray, FloatArray


def calibration_figure(probability: FloatArray, outcome: BoolArray, *, title: str) -> Figure:
    """Observed frequency by forecast, in ten bins; areas follow the number of maps."""
    bins = calibration_bins(probability, outcome)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1), xlabel="forecast", ylabel="observed frequency", title=title)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(bins.forecast, bins.won, s=bins.count / max(bins.count.max(), 1) * 200)
    return figure


def backtest_figure(
    forecasts: Mapping[str, FloatArray],
    outcome: BoolArray,
    period: NDArray[np.object_],
    *,
    unit: str = "maps",
    by: str = "month",
) -> Figure:
    """Calibration and log loss by period, one line a forecaster; the first is the one that is evaluated."""
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="grey", linewidth=1)
    left.set(xlabel="forecast", ylabel="observed frequency", title=f"calibration, {len(outcome)} {unit}")
    periods = np.unique(period)
    for name, probability in forecasts.items():
        bins = calibration_bins(probability, outcome)
        left.plot(bins.forecast, bins.won, marker="o", markersize=4, label=name)
        losses = log_losses(probability, outcome)
        right.plot(periods, [losses[period == one].mean() for one in periods], marker="o", markersize=4, label=name)
    right.axhline(np.log(2), color="grey", linewidth=1)
    right.set(ylabel="log loss", title=f"log loss by {by}; grey: a coin")
    right.tick_params(axis="x", rotation=60)
    left.legend()
    return figure


def as_data_url(figure: Figure) -> str:
    """The figure as a PNG that a page holds in itself."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
