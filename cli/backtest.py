"""``cs2 backtest``: an archive folder, forecast day by day as if it were played now. Needs no server."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.exit_codes import ExitCode

if TYPE_CHECKING:
    import pandas as pd

EPOCH = date(1970, 1, 1)


def backtest(
    path: Annotated[Path, typer.Option(help="Folder of CSV files, as `cs2 up --data` takes.")],
    first: Annotated[str, typer.Option("--from", help="First day to forecast, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day to forecast, YYYY-MM-DD.")],
    out: Annotated[Path, typer.Option(help="File for the forecasts of maps (CSV).")],
    series_out: Annotated[Path | None, typer.Option(help="File for the forecasts of series (CSV).")] = None,
    plot: Annotated[Path | None, typer.Option(help="File for calibration and log loss by month (PNG).")] = None,
) -> None:
    """Forecast every published map and series of the window by what was known before its day, and judge it.

    Estimators are refitted on the first of each month on the past only, ratings move daily; a whole day is forecast
    before any of its results is used. A forecast does not depend on the window that is asked for.
    """
    from pipelines.sources.base import SourceError

    console = Console(highlight=False, width=120)
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise typer.BadParameter(f"not a day as YYYY-MM-DD: {error}") from error
    try:
        maps, series = _forecast(console, path, *days)
    except SourceError as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    for title, rows, file in (("maps", maps, out), ("series", series, series_out)):
        if not len(rows):
            continue
        if file is not None:
            columns = ["date", "map", "team1", "team2", "team1_win_probability", "winner", "scored", "trained_through"]
            rows[[column for column in columns if column in rows]].to_csv(file, index=False)
        _judge(console, title, rows[rows["scored"] == 1])
    if plot is not None:
        from pipelines.plots import backtest_figure

        scored = maps[maps["scored"] == 1]
        won, month = (scored["winner"] == 1).to_numpy(), scored["date"].str.slice(0, 7).to_numpy()
        forecasts = {name: scored[column].to_numpy() for name, column in _FORECASTS.items()}
        backtest_figure(forecasts, won, month).savefig(plot, dpi=120)


_FORECASTS = {"forecast": "team1_win_probability", "team Elo": "team_elo", "player Elo": "player_elo"}


def _forecast(console: Console, path: Path, first: date, last: date) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Published maps and series of the window, in the files' order, with their forecasts."""
    import pandas as pd

    from cs2.forecasting.backtest import backtest as walk_forward
    from pipelines.etl.history import history_from_tables
    from pipelines.etl.ids import Identities
    from pipelines.etl.rebuild import rebuild
    from pipelines.sources.archive import ArchiveSource
    from pipelines.sources.base import RowKind

    with console.status("reading and rebuilding"):
        published = ArchiveSource(path).published(date.max).frames
        rebuilt = rebuild(published, Identities())
        tables = rebuilt.tables
        played = (tables.map_results, tables.series, tables.lineups)
        history = history_from_tables(*played)
        examples = history_from_tables(*played, every_series=True)
    frames = {
        kind: _window(published.get(kind, pd.DataFrame(columns=["date"])), first, last)
        for kind in (RowKind.MAP, RowKind.SERIES)
    }
    matchups = rebuilt.matchups.set_index(["kind", "index"])
    keys = [(kind, index) for kind, frame in frames.items() for index in frame.index if (kind, index) in matchups.index]
    asked = matchups.loc[keys]
    map_ids = {name: number for number, name in zip(tables.maps["id"], tables.maps["name"], strict=True)}
    with console.status(f"forecasting {len(asked)} rows day by day"):
        result = walk_forward(history, examples, _fixtures(asked, frames[RowKind.MAP], map_ids, tables.lineups))
    answers = pd.DataFrame(
        {
            "team1_win_probability": result.probability,
            "team_elo": result.team_elo,
            "player_elo": result.player_elo,
            "trained_through": pd.to_datetime(result.trained_through, unit="D").strftime("%Y-%m-%d"),
        },
        index=asked.index,
    )
    return tuple(_answered(kind, frame, answers) for kind, frame in frames.items())  # type: ignore[return-value]


def _window(frame: "pd.DataFrame", first: date, last: date) -> "pd.DataFrame":
    return frame[(frame["date"] >= first.isoformat()) & (frame["date"] <= last.isoformat())]


def _fixtures(asked: "pd.DataFrame", maps: "pd.DataFrame", map_ids: dict[str, int], lineups: "pd.DataFrame") -> Any:
    import numpy as np

    from cs2.forecasting.history import UNKNOWN, Fixtures
    from pipelines.etl.history import players_by_lineup
    from pipelines.sources.base import RowKind

    five = players_by_lineup(lineups)
    kinds = asked.index.get_level_values(0)
    named = [
        map_ids[str(maps.at[index, "map"]).strip()] if kind == RowKind.MAP else UNKNOWN
        for kind, index in zip(kinds, asked.index.get_level_values(1), strict=True)
    ]
    return Fixtures(
        map_id=np.array(named, dtype=np.int64),
        team_ids=asked[["team1_id", "team2_id"]].to_numpy(dtype=np.int64),
        player_ids=five[asked[["lineup1_id", "lineup2_id"]].fillna(0).to_numpy(dtype=np.int64)],
        day=asked["forecast_day"].to_numpy(dtype=np.int64),
    )


def _answered(kind: Any, frame: "pd.DataFrame", answers: "pd.DataFrame") -> "pd.DataFrame":
    """Every row of the window; one that cannot be used (a team against itself) is even and not scored."""
    import pandas as pd

    own = answers.loc[kind] if kind in answers.index.get_level_values(0) else answers.iloc[:0].droplevel(0)
    rows = frame.join(own)
    flags = [rows[name] == "1" for name in ("winner_conflict", "date_suspect") if name in rows]
    left_out = rows["team1_win_probability"].isna()
    for flag in flags:
        left_out |= flag
    rows["scored"] = (~left_out).astype(int)
    even = ["team1_win_probability", "team_elo", "player_elo"]
    rows[even] = rows[even].fillna(0.5)
    rows["trained_through"] = rows["trained_through"].fillna("")
    rows["winner"] = pd.to_numeric(rows["winner"], errors="coerce").fillna(0).astype(int)
    return rows


def _judge(console: Console, title: str, rows: "pd.DataFrame") -> None:
    """The table beside all baselines, by tier, and the recalibration."""
    import numpy as np

    from cs2.forecasting import metrics

    won = (rows["winner"] == 1).to_numpy()
    day = rows["date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    ours = metrics.log_losses(rows["team1_win_probability"].to_numpy(), won)
    table = Table("forecast", "log loss", "minus ours, 95% by day", "Brier", "accuracy", "AUC", box=None)
    for name, column in _FORECASTS.items():
        p = rows[column].to_numpy()
        losses = metrics.log_losses(p, won)
        mean, behind = metrics.by_day(losses, day), metrics.by_day(losses - ours, day)
        paired = "" if column == "team1_win_probability" else _interval(behind)
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
    console.print(
        f"recalibration: slope {fit.slope:.3f} ± {2 * fit.slope_error:.3f},"
        f" intercept {fit.intercept:+.3f} ± {2 * fit.intercept_error:.3f}"
    )
    for name, chosen in _tiers(rows).items():
        if chosen.any():
            elo = metrics.log_loss(rows["team_elo"].to_numpy()[chosen], won[chosen])
            console.print(f"  {name}: {chosen.sum()} {title}, log loss {ours[chosen].mean():.4f}, team Elo {elo:.4f}")


def _interval(value: Any) -> str:
    return f"{value.estimate:+.4f} [{value.low:+.4f}, {value.high:+.4f}]"


def _tiers(rows: "pd.DataFrame") -> dict[str, Any]:
    import numpy as np
    import pandas as pd

    unranked = pd.Series(np.nan, index=rows.index)
    ranks = [pd.to_numeric(rows.get(f"team{side}_rank", unranked), errors="coerce") for side in (1, 2)]
    worst = np.maximum(ranks[0].to_numpy(dtype=float), ranks[1].to_numpy(dtype=float))
    return {
        "both in Valve's top 30": worst <= 30,
        "both in the top 100, not both in the top 30": (worst > 30) & (worst <= 100),
        "others": ~(worst <= 100),
    }
