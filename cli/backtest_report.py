"""Tables of ``cs2 backtest``: scores beside the baselines, by tier, map and month, and the ablation of features."""

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

FORECASTS = {"forecast": "team1_win_probability", "team Elo": "team_elo", "player Elo": "player_elo"}


def print_scores(console: Console, title: str, rows: "pd.DataFrame") -> None:
    """Print the scores beside all baselines, the recalibration, and the scores by tier, month and map."""
    import numpy as np

    from cs2.forecasting.evaluation import metrics

    won = (rows["winner"] == 1).to_numpy()
    day = rows["date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    ours = metrics.log_losses(rows["team1_win_probability"].to_numpy(), won)
    table = Table("forecast", "log loss", "minus ours, 95% by day", "Brier", "accuracy", "AUC", box=None)
    for name, column in FORECASTS.items():
        p = rows[column].to_numpy()
        losses = metrics.log_losses(p, won)
        mean, behind = metrics.by_day(losses, day), metrics.by_day(losses - ours, day)
        paired = "" if column == "team1_win_probability" else behind.signed()
        table.add_row(
            name,
            f"{mean.estimate:.4f} [{mean.low:.4f}, {mean.high:.4f}]",
            paired,
            f"{metrics.brier_score(p, won):.4f}",
            f"{metrics.accuracy(p, won):.3f}",
            f"{metrics.auc(p, won):.3f}",
        )
    console.print(f"\n{len(rows)} {title}, {rows['date'].min()} .. {rows['date'].max()}")
    console.print(table)
    fit = metrics.recalibration(rows["team1_win_probability"].to_numpy(), won)
    console.print(f"recalibration: {fit}")
    is_first = ~rows["series"].duplicated().to_numpy()
    if title == "series" and not is_first.all():
        console.print(f"{is_first.sum()} of them are different series: log loss {ours[is_first].mean():.4f}")
    _print_groups(console, rows, {"tier": _tiers(rows), "month": _values(rows["date"].str.slice(0, 7))})
    if title == "maps":
        _print_groups(console, rows, {"map": _values(rows["map"])})


def _print_groups(console: Console, rows: "pd.DataFrame", by: dict[str, dict[str, Any]]) -> None:
    from cs2.forecasting.evaluation import metrics

    won = (rows["winner"] == 1).to_numpy()
    for heading, groups in by.items():
        table = Table(heading, "n", *(f"{name}, log loss" for name in FORECASTS), "accuracy", box=None)
        for name, chosen in groups.items():
            if chosen.any():
                forecasts = [rows[column].to_numpy()[chosen] for column in FORECASTS.values()]
                losses = [f"{metrics.log_loss(p, won[chosen]):.4f}" for p in forecasts]
                table.add_row(name, str(chosen.sum()), *losses, f"{metrics.accuracy(forecasts[0], won[chosen]):.3f}")
        console.print(table)


def _values(column: "pd.Series") -> dict[str, Any]:
    return {str(value): (column == value).to_numpy() for value in sorted(column.unique())}


def print_ablation(
    console: Console, scored: dict[str, "pd.DataFrame"], ablated: dict[str, dict[str, "pd.Series"]]
) -> None:
    """Print the ablation: log loss of the model fitted without a feature, minus that of the whole model.

    Args:
        console: Where to print.
        scored: Scored rows by title (maps, series).
        ablated: Forecasts of the same rows, by left-out feature and title.
    """
    import numpy as np

    from cs2.forecasting.evaluation import metrics

    table = Table("without", *(f"{title}, log loss" for title in scored if len(scored[title])), box=None)
    for feature, forecasts in ablated.items():
        cells = []
        for title, without in forecasts.items():
            rows = scored[title]
            won = (rows["winner"] == 1).to_numpy()
            day = rows["date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
            ours = metrics.log_losses(rows["team1_win_probability"].to_numpy(), won)
            cells.append(metrics.by_day(metrics.log_losses(without.to_numpy(), won) - ours, day).signed())
        table.add_row(feature, *cells)
    console.print(table)


def _tiers(rows: "pd.DataFrame") -> dict[str, Any]:
    import numpy as np
    import pandas as pd

    from cs2.forecasting.evaluation.baselines import TIERS, tiers

    unranked = pd.Series(np.nan, index=rows.index)
    ranks = [pd.to_numeric(rows.get(f"team{side}_rank", unranked), errors="coerce") for side in (1, 2)]
    tier_of_row = tiers(ranks[0].to_numpy(dtype=float), ranks[1].to_numpy(dtype=float))
    return {tier: tier_of_row == tier for tier in TIERS}
