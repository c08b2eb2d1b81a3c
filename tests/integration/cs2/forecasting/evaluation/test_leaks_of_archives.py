"""``cs2 backtest`` on a simulated and a real archive, before and after a change of the files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import RowKind
from tests.testkit.archives import (
    WHO_AND_WHEN,
    Frames,
    backtest_rows,
    changed,
    exchanged,
    real_archive,
    simulated_archive,
    write,
)

KINDS = ("maps", "series")
ANSWER = ["team1_win_probability", "trained_through"]


@dataclass(frozen=True)
class Archive:
    """An archive, a window that contains the first day of a month, and its unchanged forecasts."""

    frames: Frames
    first: str
    last: str
    days: tuple[str, ...]
    baseline: Frames
    folder: Path

    def backtest(self, frames: Frames) -> Frames:
        return backtest_rows(self.folder, frames, self.first, self.last)


@pytest.fixture(scope="module", params=["simulated", pytest.param("real", marks=pytest.mark.real_data)])
def archive(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder: Path = tmp_path_factory.mktemp("archive")
    if request.param == "simulated":
        frames, first, last = simulated_archive(), "2023-08-20", "2023-09-12"
        days = ("2023-08-31", "2023-09-01", "2023-09-05")
    else:
        frames, first, last = real_archive(shared_data), "2025-02-20", "2025-03-05"
        days = ("2025-02-26", "2025-03-01", "2025-03-02")
    return Archive(frames, first, last, days, backtest_rows(folder, frames, first, last), folder)


def until(rows: pd.DataFrame, day: str) -> pd.DataFrame:
    return rows.loc[rows["date"] <= day, [*rows.columns.intersection(WHO_AND_WHEN), *ANSWER]]


def test_results_from_a_day_on_change_no_earlier_forecast(archive: Archive) -> None:
    for day in archive.days:
        late = {name: frame["date"] >= day for name, frame in archive.frames.items()}
        result = archive.backtest(changed(archive.frames, late))
        for kind in KINDS:
            pd.testing.assert_frame_equal(until(result[kind], day), until(archive.baseline[kind], day))
            later = archive.baseline[kind]["date"] > day
            moved = result[kind].loc[later, ANSWER[0]] != archive.baseline[kind].loc[later, ANSWER[0]]
            assert moved.mean() > 0.4, kind


def test_a_two_day_series_is_forecast_before_its_first_result(archive: Archive) -> None:
    """Changed maps of the first day, or a series row with the final score, move no forecast of the second day."""
    published = ArchiveSource(write(archive.folder, archive.frames)).published(pd.Timestamp.max.date()).frames
    matchups = rebuild(published, Identities()).matchups
    two_days = matchups[matchups["forecast_day"] < matchups["learn_day"]]
    inside = two_days[two_days["forecast_day"] >= pd.Timestamp(archive.first).toordinal() - 719_163]
    day = int(inside[inside["kind"] == RowKind.MAP]["forecast_day"].mode()[0])
    group = inside[inside["forecast_day"] == day]
    rows = {name: pd.Series(False, index=frame.index) for name, frame in archive.frames.items()}
    first_day, second_day = (str(np.datetime64(number, "D")) for number in (day, day + 1))
    for row_kind, name in ((RowKind.MAP, "maps"), (RowKind.SERIES, "series")):
        of_kind = group.loc[group["kind"] == row_kind, "index"].to_numpy()
        frame = archive.frames[name].loc[of_kind]
        assert (published[row_kind].loc[of_kind, "team1"] == frame["team1"]).all()
        rows[name].loc[of_kind] = frame["date"] == first_day
        if row_kind == RowKind.MAP:
            assert (frame["date"] == second_day).any()
    assert sum(chosen.sum() for chosen in rows.values()) >= 2
    result = archive.backtest(changed(archive.frames, rows))
    for kind in KINDS:
        pd.testing.assert_frame_equal(until(result[kind], second_day), until(archive.baseline[kind], second_day))


def test_the_number_of_maps_of_a_series_is_unknown_before(archive: Archive) -> None:
    """Removing a day's deciding maps changes no other forecast: the number of maps is itself a result."""
    maps = archive.frames["maps"]
    day = archive.days[1]
    first = maps.groupby("hltv_match_id")["date"].transform("min")
    decided = (first == day) & (maps["map_number"] == "3") & (maps["hltv_match_id"] != "")
    assert decided.any()
    result = archive.backtest({**archive.frames, "maps": maps[~decided].reset_index(drop=True)})
    inside = (maps["date"] >= archive.first) & (maps["date"] <= archive.last)
    undecided = (~decided)[inside].to_numpy()
    expected = archive.baseline["maps"][undecided].reset_index(drop=True)
    pd.testing.assert_frame_equal(until(result["maps"], day), until(expected, day))
    pd.testing.assert_frame_equal(until(result["series"], day), until(archive.baseline["series"], day))


def test_the_order_of_rows_changes_nothing(archive: Archive) -> None:
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in archive.frames.items()}
    result = archive.backtest({name: frame.reset_index(drop=True) for name, frame in shuffled.items()})
    for kind in KINDS:
        dates = shuffled[kind]["date"]
        order = shuffled[kind].index[(dates >= archive.first) & (dates <= archive.last)]
        in_window = archive.frames[kind]["date"].between(archive.first, archive.last)
        expected = (
            archive.baseline[kind].set_index(archive.frames[kind].index[in_window]).loc[order].reset_index(drop=True)
        )
        assert not expected.equals(archive.baseline[kind])
        pd.testing.assert_frame_equal(result[kind], expected)


def test_the_other_team_first_gives_the_complement(archive: Archive) -> None:
    result = archive.backtest(exchanged(archive.frames))
    for kind in KINDS:
        baseline = archive.baseline[kind]
        assert (result[kind]["team1"] == baseline["team2"]).all()
        assert (result[kind]["scored"] == baseline["scored"]).all()
        total = result[kind][ANSWER[0]].astype(float) + baseline[ANSWER[0]].astype(float)
        np.testing.assert_allclose(total, 1.0, rtol=0, atol=1e-12)


def test_flagged_rows_are_forecast_but_not_scored_or_learned(archive: Archive) -> None:
    maps = archive.frames["maps"]
    flagged = (maps["winner_conflict"] == "1") | (maps["date_suspect"] == "1")
    none = {name: pd.Series(False, index=frame.index) for name, frame in archive.frames.items()}
    result = archive.backtest(changed(archive.frames, {**none, "maps": flagged}))
    in_window = maps["date"].between(archive.first, archive.last)
    assert archive.baseline["maps"].loc[flagged[in_window].to_numpy(), "scored"].isin(["0"]).all()
    pd.testing.assert_frame_equal(result["maps"][ANSWER], archive.baseline["maps"][ANSWER])
    pd.testing.assert_frame_equal(result["series"][ANSWER], archive.baseline["series"][ANSWER])


def test_a_forecast_does_not_depend_on_the_window(archive: Archive) -> None:
    day = archive.days[1]
    alone = backtest_rows(archive.folder, archive.frames, day, day)
    for kind in KINDS:
        whole = archive.baseline[kind]
        expected = whole[whole["date"] == day].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone[kind], expected)
