"""Figures for MLflow and the backtest."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cs2.forecasting.history import BoolArray, FloatArray
from cs2.forecasting.metrics import calibration_bins, log_losses


def calibration_figure(probability: FloatArray, outcome: BoolArray, *, title: str) -> Figure:
    """Observed frequency by forecast, in ten bins; areas follow the number of maps."""
    bins = calibration_bins(probability, outcome)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1), xlabel="forecast", ylabel="observed frequency", title=title)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(bins.forecast, bins.won, s=bins.count / max(bins.count.max(), 1) * 200)
    return figure


def backtest_figure(forecasts: Mapping[str, FloatArray], outcome: BoolArray, month: NDArray[np.object_]) -> Figure:
    """Calibration and log loss by month, one line a forecaster; the first is the one judged."""
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="grey", linewidth=1)
    left.set(xlabel="forecast", ylabel="observed frequency", title=f"calibration, {len(outcome)} maps")
    months = np.unique(month)
    for name, probability in forecasts.items():
        bins = calibration_bins(probability, outcome)
        left.plot(bins.forecast, bins.won, marker="o", markersize=4, label=name)
        losses = log_losses(probability, outcome)
        right.plot(months, [losses[month == one].mean() for one in months], marker="o", markersize=4, label=name)
    right.axhline(np.log(2), color="grey", linewidth=1)
    right.set(ylabel="log loss", title="log loss by month; grey: a coin")
    right.tick_params(axis="x", rotation=60)
    left.legend()
    return figure
