"""``cs2 backtest``: forecast an archive folder day by day, as if it were played now. Needs no server."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from cli.backtest_report import FORECASTS, print_ablation, print_scores
from cli.exit_codes import ExitCode

if TYPE_CHECKING:
    import pandas as pd

    from cs2.forecasting.evaluation.backtest import Fit
    from cs2.forecasting.evaluation.walk_forward import Progress
    from cs2.forecasting.matches import IntArray, MatchHistory, MatchQuestions


@dataclass(frozen=True, slots=True)
class Window:
    """Published rows of the window and the questions about them.

    Attributes:
        history: All matches of the archive.
        frames: Published rows of the window by kind, in the order of the files.
        questions: One question per usable row.
        best_of: Best-of of each question's series, 0 if unknown, shape (n,).
        rows: Kind and index, series and ``is_rated`` of the row behind each question.
    """

    history: "MatchHistory"
    frames: dict[str, "pd.DataFrame"]
    questions: "MatchQuestions"
    best_of: "IntArray"
    rows: "pd.DataFrame"


def backtest(
    path: Annotated[Path, typer.Option(help="Folder of CSV files, as `cs2 up --data` takes.")],
    first: Annotated[str, typer.Option("--from", help="First day to forecast, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day to forecast, YYYY-MM-DD.")],
    out: Annotated[Path, typer.Option(help="File for the forecasts of maps (CSV).")],
    series_out: Annotated[Path | None, typer.Option(help="File for the forecasts of series (CSV).")] = None,
    plot: Annotated[Path | None, typer.Option(help="File for calibration and log loss by month (PNG).")] = None,
    ablation: Annotated[bool, typer.Option("--ablation", help="Also print the loss without each feature.")] = False,
) -> None:
    """Forecast every published map and series of the window from the days before it, and score the forecasts.

    Estimators are refitted on the first of each month on the past only, ratings move daily; a whole day is forecast
    before any of its results is used. A forecast does not depend on the window that is asked for.
    """
    from pipelines.sources.base import RowKind, SourceError

    console = Console(highlight=False, width=120)
    days = _day(first), _day(last)
    for file in (out, series_out, plot):
        if file is not None and (file.is_dir() or not file.parent.is_dir()):
            raise _rejected(f"{file}: cannot be written: it is a folder, or its folder does not exist")
    if plot is not None and plot.suffix != ".png":
        raise _rejected(f"{plot}: the plot is a .png file")
    try:
        with console.status("reading and rebuilding"):
            window = _read(path, *days)
    except SourceError as error:
        raise _rejected(str(error)) from error
    if not len(window.rows):
        raise _rejected(f"{path} holds no map and no series from {first} to {last}")
    description, quiet = f"forecasting {len(window.rows)} rows day by day", not console.is_terminal
    progress = partial(track, description=description, console=console, transient=True, disable=quiet)
    forecasts = _forecast(window, progress=progress)
    scored = {}
    for kind, title, file in ((RowKind.MAP, "maps", out), (RowKind.SERIES, "series", series_out)):
        rows = _with_forecasts(window.frames[kind], forecasts[kind])
        if file is not None:
            written = ["date", "map", "team1", "team2", "team1_win_probability", "winner", "scored", "trained_through"]
            rows[[column for column in written if column in rows]].to_csv(file, index=False)
        scored[title] = rows[rows["scored"] == 1]
        if len(scored[title]):
            print_scores(console, title, scored[title])
    if plot is not None:
        from pipelines.plots import backtest_figure

        maps = scored["maps"]
        won, month = (maps["winner"] == 1).to_numpy(), maps["date"].str.slice(0, 7).to_numpy()
        columns = {name: maps[column].to_numpy() for name, column in FORECASTS.items()}
        backtest_figure(columns, won, month).savefig(plot, dpi=120)
    if ablation:
        _print_ablation(console, window, scored)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _rejected(f"{text!r} is not a day as YYYY-MM-DD: {error}") from error


def _rejected(reason: str) -> typer.Exit:
    """Print in one line what is wrong with the input; return the exit to raise."""
    Console(stderr=True, highlight=False).print(reason, style="red", markup=False, soft_wrap=True)
    return typer.Exit(ExitCode.WRONG_INPUT)


def _print_ablation(console: Console, window: Window, scored: dict[str, "pd.DataFrame"]) -> None:
    from cs2.forecasting.evaluation.backtest import fit_without
    from cs2.forecasting.model.features import FEATURES
    from pipelines.sources.base import RowKind

    ablated = {}
    for feature in track(FEATURES, "without each feature", console=console, transient=True):
        forecasts = _forecast(window, fit_without(feature.name))
        ablated[feature.name] = {
            title: forecasts[kind].loc[scored[title].index, "team1_win_probability"]
            for kind, title in ((RowKind.MAP, "maps"), (RowKind.SERIES, "series"))
            if len(scored[title])
        }
    print_ablation(console, scored, ablated)


def _read(path: Path, first: date, last: date) -> Window:
    """Read and rebuild an archive; build a question for every usable row of the window."""
    import numpy as np
    import pandas as pd

    from pipelines.etl.id_register import Identities
    from pipelines.etl.match_history import history_from_tables
    from pipelines.etl.rebuild import rebuild
    from pipelines.sources.archive import ArchiveSource
    from pipelines.sources.base import RowKind

    published = ArchiveSource(path).published(date.max).frames
    rebuilt = rebuild(published, Identities())
    tables = rebuilt.tables
    frames: dict[str, pd.DataFrame] = {
        kind: _window(published.get(kind, pd.DataFrame(columns=["date", "winner"])), first, last)
        for kind in (RowKind.MAP, RowKind.SERIES)
    }
    matchups = rebuilt.matchups.set_index(["kind", "index"])
    keys = [(kind, index) for kind, frame in frames.items() for index in frame.index if (kind, index) in matchups.index]
    selected = matchups.loc[keys]
    map_ids = {name: number for number, name in zip(tables.maps["id"], tables.maps["name"], strict=True)}
    return Window(
        history=history_from_tables(tables.map_results, tables.series, tables.lineups),
        frames=frames,
        questions=_questions(selected, frames[RowKind.MAP], map_ids, tables.lineups),
        best_of=selected["best_of"].fillna(0).to_numpy(dtype=np.int64),
        rows=selected[["series", "is_rated"]],
    )


def _forecast(window: Window, fit: "Fit | None" = None, *, progress: "Progress" = iter) -> dict[str, "pd.DataFrame"]:
    """Return the forecasts by kind, with the index of the published rows."""
    import pandas as pd

    from cs2.forecasting.evaluation.backtest import backtest as walk_forward
    from pipelines.sources.base import RowKind

    result = walk_forward(window.history, window.questions, window.best_of, fit=fit, progress=progress)
    forecasts = pd.DataFrame(
        {
            "team1_win_probability": result.probability,
            "team_elo": result.team_elo,
            "player_elo": result.player_elo,
            "trained_through": pd.to_datetime(result.trained_through, unit="D").strftime("%Y-%m-%d"),
            "series": window.rows["series"],
            "is_rated": window.rows["is_rated"],
        },
        index=window.rows.index,
    )
    kinds = forecasts.index.get_level_values("kind")
    return {kind: forecasts[kinds == kind].droplevel("kind") for kind in (RowKind.MAP, RowKind.SERIES)}


def _window(frame: "pd.DataFrame", first: date, last: date) -> "pd.DataFrame":
    return frame[(frame["date"] >= first.isoformat()) & (frame["date"] <= last.isoformat())]


def _questions(matchups: "pd.DataFrame", maps: "pd.DataFrame", map_ids: dict[str, int], lineups: "pd.DataFrame") -> Any:
    import numpy as np

    from cs2.forecasting.matches import UNKNOWN, MatchQuestions
    from cs2.map_names import canonical_map_name
    from pipelines.etl.match_history import players_by_lineup
    from pipelines.sources.base import RowKind

    fives = players_by_lineup(lineups)
    kinds = matchups.index.get_level_values(0)
    named = [
        map_ids[canonical_map_name(str(maps.at[index, "map"]))] if kind == RowKind.MAP else UNKNOWN
        for kind, index in zip(kinds, matchups.index.get_level_values(1), strict=True)
    ]
    return MatchQuestions(
        map_id=np.array(named, dtype=np.int64),
        team_ids=matchups[["team1_id", "team2_id"]].to_numpy(dtype=np.int64),
        player_ids=fives[matchups[["lineup1_id", "lineup2_id"]].fillna(0).to_numpy(dtype=np.int64)],
        day=matchups["forecast_day"].to_numpy(dtype=np.int64),
    )


def _with_forecasts(frame: "pd.DataFrame", forecasts: "pd.DataFrame") -> "pd.DataFrame":
    """Join the forecasts to every row of the window; an unusable row (a team against itself) gets 0.5 and no score."""
    import pandas as pd

    from pipelines.etl.numbers import read_winners
    from pipelines.sources.base import POSITION_COLUMNS, PROBLEM_COLUMNS

    rows = frame.drop(columns=[*POSITION_COLUMNS, *PROBLEM_COLUMNS], errors="ignore").join(forecasts)
    rows["scored"] = rows["is_rated"].eq(True).astype(int)  # missing for an unusable row
    even = ["team1_win_probability", "team_elo", "player_elo"]
    rows[even] = rows[even].fillna(0.5)
    rows["trained_through"] = rows["trained_through"].fillna("")
    rows["winner"] = pd.to_numeric(read_winners(rows), errors="coerce").fillna(0).astype(int)
    return rows
