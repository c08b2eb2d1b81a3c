"""Rows of the table ``series``, from published map rows and series rows."""

import numpy as np
import pandas as pd

from pipelines.etl.assign_ids import RowIds
from pipelines.etl.link import LinkedRows
from pipelines.etl.row_schemas import BEST_OF


def series_rows(maps: pd.DataFrame, series: pd.DataFrame, linked: LinkedRows, ids: RowIds) -> pd.DataFrame:
    """One row a series, known from its maps, from published series rows, or from both.

    Teams, ranks and points are those of its first row, and so is the order of the sides.
    """
    rows = _rows_of_series(maps, series, linked, ids)
    by_series = rows.groupby("series", sort=False)
    days = rows[rows["is_dating"]].groupby("series", sort=False)["day"].agg(["min", "max"])
    frame = by_series[["event_id", "best_of", "is_lan"]].first()
    of_first_row = [f"{prefix}team{side}_id" for prefix in ("", "forecast_") for side in (1, 2)]
    of_first_row += ["predecessor1_id", "predecessor2_id"]
    of_first_row += ["rank1", "rank2", "points1", "points2"]
    frame = frame.join(by_series[of_first_row].nth(0).set_axis(frame.index))
    frame = frame.assign(
        id=[ids.series[name] for name in frame.index],
        first_day=days["min"],
        last_day=days["max"],
        forecast_day=by_series["forecast_day"].min(),
        learn_day=by_series["learn_day"].max(),
        best_of=frame["best_of"].where(frame["best_of"].isin(BEST_OF)),
        winner=_winners(rows),
    ).join([_lineups_of_series(rows, ""), _lineups_of_series(rows, "forecast_")])
    for column in ("first_day", "last_day", "forecast_day", "learn_day"):
        frame[column] = pd.to_datetime(frame[column], unit="D").dt.date
    lineups = ("lineup1_id", "lineup2_id", "forecast_lineup1_id", "forecast_lineup2_id")
    for column in ("event_id", "best_of", *lineups, "predecessor1_id", "predecessor2_id", "winner", "rank1", "rank2"):
        frame[column] = frame[column].astype("Int64")
    return frame.rename_axis("natural_key").reset_index()[list(SERIES_COLUMNS)]


SERIES_COLUMNS = (
    *("id", "natural_key", "event_id", "first_day", "last_day", "forecast_day", "learn_day", "best_of"),
    *("team1_id", "team2_id", "lineup1_id", "lineup2_id"),
    *("forecast_team1_id", "forecast_team2_id", "forecast_lineup1_id", "forecast_lineup2_id"),
    *("predecessor1_id", "predecessor2_id"),
    *("winner", "is_lan", "rank1", "rank2", "points1", "points2"),
)


def _rows_of_series(maps: pd.DataFrame, series: pd.DataFrame, linked: LinkedRows, ids: RowIds) -> pd.DataFrame:
    """Map rows, then series rows, with what :func:`series_rows` aggregates; sides in the order of the first row."""
    matches = linked.matches
    facts = [
        "event",
        "lan",
        "best_of",
        "winner",
        *(f"team{side}_{fact}" for side in (1, 2) for fact in ("rank", "points")),
    ]
    rows = pd.concat([maps[facts], series[facts]], ignore_index=True)
    rows["series"] = linked.series
    rows["is_map"] = np.arange(len(rows)) < matches.n_maps
    doubts = [linked.doubts.get(position) for position in range(len(rows))]
    rows["was_played"] = np.array([doubt is None or not doubt.never_played for doubt in doubts], dtype=bool)
    rows["is_disputed"] = np.array([doubt is not None for doubt in doubts], dtype=bool) & ~rows["is_map"]
    is_first = ~rows["series"].duplicated()
    lead = np.flatnonzero(is_first)[rows.groupby("series", sort=False).ngroup()]
    flipped = np.array(
        [row.is_flipped(matches.rows[place]) for row, place in zip(matches.rows, lead, strict=True)], dtype=bool
    )
    now, known = (
        pd.DataFrame(
            [[ids.lineup(team, roster) for team, roster in sides] for sides in view],
            columns=["first", "second"],
            dtype="Int64",
        )
        for view in ([row.sides() for row in matches.rows], [row.forecast_sides() for row in matches.rows])
    )
    return rows.rename(
        columns={f"team{side}_{fact}": f"{fact}{side}" for side in (1, 2) for fact in ("rank", "points")}
    ).assign(
        is_dating=rows["is_map"] | is_first,  # the first row is a map if there is one
        is_first=is_first,
        day=[row.day for row in matches.rows],
        forecast_day=matches.forecast_day,
        learn_day=matches.learn_day,
        event_id=rows["event"].map(ids.events).astype("Int64"),
        is_lan=rows["lan"].map({"1": True, "0": False}),
        team1_id=[ids.teams.id_of[row.teams[0]] for row in matches.rows],
        team2_id=[ids.teams.id_of[row.teams[1]] for row in matches.rows],
        forecast_team1_id=[ids.teams.id_of[row.forecast_teams[0]] for row in matches.rows],
        forecast_team2_id=[ids.teams.id_of[row.forecast_teams[1]] for row in matches.rows],
        **ids.predecessors(matches, len(matches.rows)),
        lineup1_id=now["first"].mask(flipped, now["second"]),
        lineup2_id=now["second"].mask(flipped, now["first"]),
        forecast_lineup1_id=known["first"].mask(flipped, known["second"]),
        forecast_lineup2_id=known["second"].mask(flipped, known["first"]),
        first_won=(rows["winner"] == 1).to_numpy(dtype=bool) != flipped,
    )


def _lineups_of_series(rows: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Both lineups of the first row that has both, else those of the first row."""
    columns = [f"{prefix}lineup1_id", f"{prefix}lineup2_id"]
    is_complete = rows[columns].notna().all(axis=1)
    candidates = rows.assign(is_complete=is_complete)[is_complete | rows["is_first"]]
    chosen = candidates.sort_values("is_complete", ascending=False, kind="stable").drop_duplicates("series")
    return chosen.set_index("series")[columns]


def _winners(rows: pd.DataFrame) -> pd.Series:
    """1 or 2 as published series rows say, else as the maps say by majority; missing if undecided or in dispute."""
    rows = rows[~rows["is_disputed"]]
    is_series = ~rows["is_map"]
    votes = rows[rows["was_played"] & (is_series | ~is_series.groupby(rows["series"]).transform("any"))]
    balance = votes["first_won"].map({True: 1, False: -1}).groupby(votes["series"]).sum()
    return balance.map(lambda difference: 1 if difference > 0 else 2).where(balance != 0)
