"""Figures for MLflow."""

from matplotlib.figure import Figure

from cs2.forecasting.history import BoolArray, FloatArray
from cs2.forecasting.metrics import calibration_bins


def calibration_figure(probability: FloatArray, outcome: BoolArray, *, title: str) -> Figure:
    """Observed frequency by forecast, in ten bins; areas follow the number of maps."""
    bins = calibration_bins(probability, outcome)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1), xlabel="forecast", ylabel="observed frequency", title=title)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(bins.forecast, bins.won, s=bins.count / max(bins.count.max(), 1) * 200)
    return figure
