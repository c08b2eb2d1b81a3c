"""``cs2 backtest`` from the command line: files it reads and writes, tables it prints, input it rejects."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from cli.exit_codes import ExitCode
from cli.main import app
from cs2.forecasting.evaluation import metrics
from tests.testkit.archives import Frames, simulated_archive, write

FIRST, LAST = "2023-08-25", "2023-09-05"
COLUMNS = ["date", "map", "team1", "team2", "team1_win_probability", "winner", "scored", "trained_through"]
UNUSABLE = {"date": "2023-09-01", "winner": "1", "team1": "Nobody", "team2": "Nobody"}


def out_of(folder: Path) -> Path:
    return folder.parent / f"{folder.name}.csv"


def invoked(folder: Path, *more: str, first: str = FIRST, last: str = LAST) -> Result:
    window = ["--path", str(folder), "--from", first, "--to", last, "--out", str(out_of(folder))]
    return CliRunner().invoke(app, ["backtest", *window, *more])


def with_rows(frame: pd.DataFrame, *rows: dict[str, str]) -> pd.DataFrame:
    return pd.concat([frame, pd.DataFrame(list(rows))], ignore_index=True).fillna("")


@pytest.fixture(scope="module")
def frames() -> Frames:
    """Frames in random order, with some unusable rows."""
    frames = simulated_archive()
    maps = with_rows(
        frames["maps"], {**UNUSABLE, "map": "Nuke"}, {**UNUSABLE, "map": "Nuke", "team2": "B", "winner": ""}
    )
    series = with_rows(frames["series"], UNUSABLE)
    return {
        "maps": maps.sample(frac=1, random_state=1).reset_index(drop=True),
        "series": series.sample(frac=1, random_state=2).reset_index(drop=True),
        "rankings": frames["rankings"],
    }


@pytest.fixture(scope="module")
def folder(frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("archive"), frames)


@pytest.fixture(scope="module")
def written(folder: Path) -> tuple[Result, dict[str, pd.DataFrame]]:
    files = {"maps": out_of(folder), "series": folder / "series.csv.txt"}
    result = invoked(folder, "--series-out", str(files["series"]), "--plot", str(folder / "plot.png"))
    assert result.exit_code == 0, result.output
    return result, {kind: pd.read_csv(file, dtype=str, keep_default_na=False) for kind, file in files.items()}


def published(frames: Frames, kind: str) -> pd.DataFrame:
    """Return the rows of the window in the file's order."""
    inside = frames[kind]["date"].between(FIRST, LAST)
    return frames[kind][inside].reset_index(drop=True)


@pytest.mark.parametrize("kind", ["maps", "series"])
def test_every_row_is_forecast_in_the_order_of_the_file(
    frames: Frames, written: tuple[Result, dict[str, pd.DataFrame]], kind: str
) -> None:
    rows, published_rows = written[1][kind], published(frames, kind)
    assert rows.columns.tolist() == [column for column in COLUMNS if kind == "maps" or column != "map"]
    same = [column for column in ("date", "map", "team1", "team2") if column in rows]
    pd.testing.assert_frame_equal(rows[same], published_rows[same])
    has_winner = published_rows["winner"] != ""
    assert (rows["winner"] == published_rows["winner"])[has_winner].all()
    p = rows["team1_win_probability"].astype(float)
    assert ((p > 0) & (p < 1)).all()


def test_repeated_rows_get_the_same_forecast(frames: Frames, written: tuple[Result, dict[str, pd.DataFrame]]) -> None:
    rows = written[1]["maps"]
    repeated = published(frames, "maps").duplicated(keep=False).to_numpy()
    assert repeated.sum() >= 2
    answers = (
        rows[repeated].groupby(["date", "map", "team1", "team2"])["team1_win_probability"].agg(["size", "nunique"])
    )
    assert (answers["size"] >= 2).all()
    assert (answers["nunique"] == 1).all()


@pytest.mark.parametrize("kind", ["maps", "series"])
def test_rows_outside_the_score_are_marked(
    frames: Frames, written: tuple[Result, dict[str, pd.DataFrame]], kind: str
) -> None:
    rows, published_rows = written[1][kind], published(frames, kind)
    unusable = (published_rows["team1"] == "Nobody").to_numpy()
    flagged = np.zeros(len(published_rows), bool)
    if kind == "maps":
        flagged = ((published_rows["winner_conflict"] == "1") | (published_rows["date_suspect"] == "1")).to_numpy()
        assert flagged.any()
    assert unusable.sum() == (2 if kind == "maps" else 1)
    np.testing.assert_array_equal(rows["scored"] == "0", flagged | unusable)
    assert (rows.loc[unusable, "team1_win_probability"].astype(float) == 0.5).all()
    assert (rows.loc[flagged, "team1_win_probability"].astype(float) != 0.5).all()


def test_estimators_are_trained_through_the_month_before(written: tuple[Result, dict[str, pd.DataFrame]]) -> None:
    """The month belongs to the forecast's day, which may be the day before the match."""
    for rows in written[1].values():
        usable = rows[rows["team1"] != "Nobody"]
        before = pd.to_datetime(usable["date"]).dt.to_period("M").dt.start_time - pd.Timedelta(days=1)
        usual = usable["trained_through"] == before.dt.strftime("%Y-%m-%d")
        assert usual.mean() > 0.95
        assert (usable.loc[~usual, "trained_through"] == "2023-07-31").all()
        assert usable.loc[~usual, "date"].isin(["2023-09-01"]).all()


def test_the_printed_table_is_the_score_of_the_file(written: tuple[Result, dict[str, pd.DataFrame]]) -> None:
    output = written[0].output
    for kind, rows in written[1].items():
        scored = rows[rows["scored"] == "1"]
        won = (scored["winner"] == "1").to_numpy()
        p = scored["team1_win_probability"].to_numpy(dtype=np.float64)
        part = output[output.index(f"{len(scored)} {kind}, {FIRST} .. {LAST}") :]
        line = next(line for line in part.splitlines() if line.strip().startswith("forecast") and "[" in line)
        assert line.split()[1] == f"{metrics.log_loss(p, won):.4f}"
        assert f"{metrics.brier_score(p, won):.4f}" in line
        assert f"{metrics.accuracy(p, won):.3f}" in line
        assert f"{metrics.auc(p, won):.3f}" in line
        assert "team Elo" in part
        assert "player Elo" in part
        assert "recalibration: slope" in part
        assert "both in Valve's top 30" in part
        assert "2023-09" in part


def test_a_terminal_shows_the_progress(folder: Path, written: tuple[Result, dict[str, pd.DataFrame]]) -> None:
    """Files and pipes get the tables only."""
    shown = CliRunner(env={"FORCE_COLOR": "1"}).invoke(
        app, ["backtest", "--path", str(folder), "--from", LAST, "--to", LAST, "--out", str(out_of(folder))]
    )
    assert shown.exit_code == 0, shown.output
    assert "rows day by day" in shown.output
    assert "100%" in shown.output
    assert "day by day" not in written[0].output


def test_the_plot_is_a_picture(written: tuple[Result, dict[str, pd.DataFrame]], folder: Path) -> None:
    assert (folder / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_window_without_series_is_scored_on_its_maps(frames: Frames, tmp_path: Path) -> None:
    write(tmp_path, {"maps": frames["maps"]})
    result = invoked(tmp_path, "--series-out", str(tmp_path / "series.txt"))
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(out_of(tmp_path))) == len(published(frames, "maps"))
    assert (tmp_path / "series.txt").read_text().splitlines()[1:] == []


def test_the_ablation_names_every_feature(folder: Path) -> None:
    from cs2.forecasting.model.features import FEATURE_NAMES

    result = invoked(folder, "--ablation", first="2023-09-04", last="2023-09-05")
    assert result.exit_code == 0, result.output
    assert all(name in result.output for name in FEATURE_NAMES)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (("2023-02-30", LAST), "2023-02-30"),
        (("yesterday", LAST), "yesterday"),
        ((FIRST, "2023-13-01"), "2023-13-01"),
        ((LAST, FIRST), f"from {LAST} to {FIRST}"),
        (("2030-01-01", "2030-01-31"), "no map and no series from 2030-01-01"),
    ],
)
def test_a_wrong_window_is_rejected_in_one_line(folder: Path, window: tuple[str, str], message: str) -> None:
    assert_rejected(invoked(folder, first=window[0], last=window[1]), message)


def assert_rejected(result: Result, message: str) -> None:
    assert result.exit_code == ExitCode.WRONG_INPUT, result.output
    assert len(result.stderr.strip().splitlines()) == 1
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("maps.csv", "date,map,team1,team2\n2026-01-02,Nuke,a,b\n", "column winner is missing"),
        ("maps.csv.gz", "no gzip", "not a readable CSV file"),
        ("notes.txt", "nothing", "no maps*.csv"),
    ],
)
def test_a_wrong_archive_is_rejected_in_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    assert_rejected(invoked(tmp_path), message)
    assert_rejected(invoked(tmp_path / "nowhere"), "this folder does not exist")


@pytest.mark.parametrize("option", ["--out", "--series-out", "--plot"])
def test_an_unwritable_file_is_rejected_before_the_forecasts(folder: Path, option: str) -> None:
    assert_rejected(invoked(folder, option, str(folder / "nowhere" / "forecasts.png")), "nowhere")
    assert_rejected(invoked(folder, option, str(folder)), str(folder))


def test_the_plot_must_be_a_png_file(folder: Path) -> None:
    assert_rejected(invoked(folder, "--plot", str(folder / "plot.doc")), "plot.doc")


def test_help_names_every_option() -> None:
    result = CliRunner().invoke(app, ["backtest", "--help"], env={"COLUMNS": "120"})
    assert result.exit_code == 0
    for option in ("--path", "--from", "--to", "--out", "--series-out", "--plot", "--ablation"):
        assert option in result.output


def test_the_command_needs_no_server(
    folder: Path, written: tuple[Result, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    """Another process without settings and servers, with another hash seed, writes identical bytes."""
    out = tmp_path / "maps.csv"
    command = [sys.executable, "-m", "cli", "backtest", "--path", str(folder), "--from", FIRST, "--to", LAST]
    # Linear algebra kernels round differently, so both processes use the kernel that this machine selects.
    prefixes = ("PATH", "HOME", "PYTHONPATH", "OPENBLAS_")
    environment = {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
    subprocess.run(
        [*command, "--out", str(out)], env={**environment, "PYTHONHASHSEED": "17"}, check=True, capture_output=True
    )
    pd.testing.assert_frame_equal(pd.read_csv(out, dtype=str, keep_default_na=False), written[1]["maps"])
