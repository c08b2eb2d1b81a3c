"""Archive folders, simulated and real, and ``cs2 backtest`` on them."""

from pathlib import Path

import numpy as np
import pandas as pd
from typer.testing import CliRunner

from cli.main import app
from cs2.forecasting.simulation.league import simulate_league
from pipelines.sources.base import RowKind
from pipelines.sources.simulated import SEED, league_frames
from tests.testkit.leagues import FIRST_DAY, SMALL, day_number

Frames = dict[str, pd.DataFrame]
"""Rows by the beginning of the file name: maps, series, rankings."""

STANDINGS = ["team1_rank", "team2_rank", "team1_points", "team2_points"]
WHO_AND_WHEN = ["date", "map", "team1", "team2"]


def simulated_archive() -> Frames:
    """Return rows from 2023-01-02 to 2023-09-15 with the difficulties of real ones: flags, gaps, duplicates."""
    league = simulate_league(4, FIRST_DAY, day_number(2023, 9, 15), SMALL)
    frames = league_frames(league, SEED)
    maps, series = frames[RowKind.MAP].copy(), frames[RowKind.SERIES].copy()
    rng = np.random.default_rng(4)
    chance = rng.random(len(series) + 1)[league.series_id]
    later = (chance < 0.15) & (league.map_number > 1)
    next_day = (league.history.day + 1).astype("datetime64[D]").astype(str)
    maps["date"] = maps["date"].where(~later, next_day)
    maps.loc[chance >= 0.9, ["team1_players", "team2_players"]] = ""
    maps["winner_conflict"] = np.where(rng.random(len(maps)) < 0.02, "1", "0")
    maps["date_suspect"] = np.where(rng.random(len(maps)) < 0.02, "1", "0")
    for frame in (maps, series):
        ranks = rng.integers(1, 200, (len(frame), 4))
        frame[STANDINGS] = np.where(rng.random((len(frame), 4)) < 0.2, "", ranks.astype(str))
    maps = maps[(chance < 0.3) | (chance > 0.4)]
    repeated = maps.index[100::60]
    maps.loc[repeated, [column for column in ("hltv_match_id", "hltv_map_id") if column in maps]] = (
        ""  # no id: both count
    )
    maps = pd.concat([maps, maps.loc[repeated]]).sort_values("date", kind="stable")
    first = sorted({*maps["team1"]})[:20]
    rankings = pd.DataFrame(
        {
            "date": np.repeat(["2023-03-01", "2023-06-01", "2023-09-01"], len(first)),
            "team": first * 3,
            "roster": "",
            "rank": [str(rank + 1) for rank in range(len(first))] * 3,
            "points": rng.integers(100, 2000, 3 * len(first)).astype(str),
        }
    )
    return {"maps": maps.reset_index(drop=True), "series": series, "rankings": rankings}


def real_archive(shared_data: Path) -> Frames:
    """Return five months of the tuning years."""
    frames = {}
    for name in ("maps", "series", "rankings"):
        whole = pd.read_csv(shared_data / "archive" / f"{name}.csv.gz", dtype=str, keep_default_na=False)
        inside = (whole["date"] >= "2024-10-15") & (whole["date"] <= "2025-03-08")
        frames[name] = whole[inside].reset_index(drop=True)
    return frames


def write_months(shared_data: Path, folder: Path, suffix: str, first: str, last: str) -> str:
    """Write the real archive's rows from ``first`` through ``last`` into a watched folder; return their last day.

    A rename makes each file appear complete.
    """
    last_day = first
    for kind in ("maps", "series"):
        rows = pd.read_csv(shared_data / "archive" / f"{kind}.csv.gz", dtype=str, keep_default_na=False)
        rows = rows[(rows["date"] >= first) & (rows["date"] <= last)]
        partial = folder / f".{kind}.partial"
        rows.to_csv(partial, index=False)
        partial.rename(folder / f"{kind}{suffix}.csv")
        last_day = max(last_day, rows["date"].max())
    return last_day


def write(folder: Path, frames: Frames) -> Path:
    folder.mkdir(exist_ok=True)
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def backtest_rows(folder: Path, frames: Frames, first: str, last: str) -> Frames:
    """Run ``cs2 backtest``; return its maps and series as text, which is equal only if every bit is."""
    write(folder, frames)
    files = {kind: folder / f"forecasts_of_{kind}.txt" for kind in ("maps", "series")}
    command = ["backtest", "--path", str(folder), "--from", first, "--to", last]
    result = CliRunner().invoke(app, [*command, "--out", str(files["maps"]), "--series-out", str(files["series"])])
    assert result.exit_code == 0, result.output
    return {kind: pd.read_csv(file, dtype=str, keep_default_na=False) for kind, file in files.items()}


def changed(frames: Frames, rows: dict[str, "pd.Series[bool]"]) -> Frames:
    """Change winners, scores, ranks and points in some rows; teams, players and days stay."""
    rng = np.random.default_rng(8)
    result = {}
    for name, frame in frames.items():
        other, chosen = frame.copy(), rows[name]
        if "winner" in other:
            other.loc[chosen, "winner"] = other.loc[chosen, "winner"].map({"1": "2", "2": "1"})
        if "score1" in other:
            other.loc[chosen, ["score1", "score2"]] = other.loc[chosen, ["score2", "score1"]].to_numpy()
        for column in (*STANDINGS, "rank", "points"):
            if column in other:
                other.loc[chosen, column] = rng.permutation(other.loc[chosen, column].to_numpy())
        result[name] = other
    return result


def exchanged(frames: Frames) -> Frames:
    """Return every row with the other team first."""
    result = {}
    for name, frame in frames.items():
        ones = [column for column in map(str, frame) if column.startswith(("team1", "score1"))]
        pairs = {column: column.replace("1", "2", 1) for column in ones}
        columns = {**pairs, **{two: one for one, two in pairs.items()}}
        other = frame.rename(columns=columns)[frame.columns]
        if "winner" in other:
            other["winner"] = other["winner"].map({"1": "2", "2": "1"})
        result[name] = other
    return result
