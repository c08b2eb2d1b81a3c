"""Which match a forecast was about. The rules stand in ``docs/history.md``."""

from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs2.forecasting.matches import BoolArray
from cs2.forecasting.series.score_lines import BEST_OF

LATE_DAYS = 1
"""A match counts as the one that was asked for when it begins this many days late: midnight, time zones."""


class MatchStatus(StrEnum):
    """What became of a forecast."""

    JUDGED = "judged"
    NO_RESULT = "no result"
    AMBIGUOUS = "two matches of that kind on one day"
    FLAGGED = "the result is in doubt"
    KNEW = "results of the day or later were known"
    OTHER_MATCH = "another lineup or other maps than asked for"


def match(asked: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Find the match that each forecast was about.

    Args:
        asked: Columns of :data:`pipelines.evaluation.stored_forecasts.COLUMNS`.
        results: Columns of :func:`pipelines.evaluation.results.read_results`; only decided matches.

    Returns:
        In the order and with the index of ``asked``: ``result`` (position in ``results``, -1 where there is none),
        ``is_swapped`` (whether the forecast's team 1 is the result's team 2) and ``verdict``.
    """
    if results.empty:
        nothing = {"result": -1, "is_swapped": False, "verdict": MatchStatus.NO_RESULT}
        return pd.DataFrame(nothing, index=asked.index)
    wanted = asked[["kind", "unit", "played_on"]].assign(**_pair(asked))
    found = wanted.merge(_answers(results, wanted["played_on"]), how="left", on=list(wanted.columns))
    result = found["result"].fillna(-1).to_numpy(dtype=np.int64)
    hit = result >= 0
    rows = results.iloc[np.where(hit, result, 0)]
    verdict = np.full(len(asked), MatchStatus.JUDGED, dtype=object)
    swapped = asked["team1_id"].to_numpy() == rows["team2_id"].to_numpy()
    reasons = (  # in reverse: the first that applies is told
        (MatchStatus.OTHER_MATCH, _is_other(asked, rows, swapped)),
        (MatchStatus.KNEW, asked["known_through"].to_numpy() >= rows["first_day"].to_numpy()),
        (MatchStatus.FLAGGED, rows["is_flagged"].to_numpy(dtype=bool)),
        (MatchStatus.AMBIGUOUS, found["n"].to_numpy() > 1),
        (MatchStatus.NO_RESULT, ~hit),
    )
    for reason, applies in reasons:
        verdict[applies] = reason
    return pd.DataFrame({"result": result, "is_swapped": swapped, "verdict": verdict}, index=asked.index)


def _pair(frame: pd.DataFrame) -> dict[str, pd.Series]:
    teams = frame[["team1_id", "team2_id"]]
    return {"low": teams.min(axis=1), "high": teams.max(axis=1)}


def _answers(results: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """By question (kind, unit, pair, day): the first match that answers it, and how many begin on that match's day."""
    rows = pd.DataFrame(
        {"kind": results["kind"], "unit": _units(results), **_pair(results), "first_day": results["first_day"]}
    ).assign(result=np.arange(len(results)), played_on=_days(results))
    if len(days):
        rows = rows[(results["last_day"] >= days.min()) & (results["first_day"] <= days.max() + LATE_DAYS)]
    rows = rows.explode("unit").explode("played_on").dropna()
    rows = rows.astype(dict.fromkeys(("unit", "played_on", "low", "high"), "int64"))
    by = ["kind", "unit", "played_on", "low", "high"]
    rows = rows.sort_values([*by, "first_day", "result"])
    first = rows.groupby(by)["first_day"].transform("min")
    return (
        rows[rows["first_day"] == first]
        .groupby(by, as_index=False)
        .agg(result=("result", "first"), n=("result", "size"))
    )


def _units(results: pd.DataFrame) -> pd.Series:
    """The map of a map; of a series every best-of that it may have been announced as."""
    units = [
        [unit] if kind == "map" or unit in BEST_OF else list(BEST_OF) if unit == 0 else []
        for kind, unit in zip(results["kind"], results["unit"], strict=True)
    ]
    return pd.Series(units, index=results.index, dtype=object)


def _days(results: pd.DataFrame) -> pd.Series:
    """Every day for which a match may have been asked for."""
    days = [
        range(first - LATE_DAYS, last + 1)
        for first, last in zip(results["first_day"], results["last_day"], strict=True)
    ]
    return pd.Series([list(span) for span in days], index=results.index, dtype=object)


def _is_other(asked: pd.DataFrame, rows: pd.DataFrame, swapped: BoolArray) -> BoolArray:
    """Whether the question named a lineup or maps, and others are known to have played or to have been played."""
    first = np.where(swapped, rows["lineup2"], rows["lineup1"])
    second = np.where(swapped, rows["lineup1"], rows["lineup2"])
    maps = [
        bool(named) and bool(played) and not played <= named
        for named, played in zip(asked["named_maps"], rows["maps"], strict=True)
    ]
    other: BoolArray = np.array(maps, bool)
    return other | _differs(asked["lineup1"], first) | _differs(asked["lineup2"], second)


def _differs(named: pd.Series, played: NDArray[np.object_]) -> BoolArray:
    pairs = zip(named, played, strict=True)
    return np.array([isinstance(a, str) and isinstance(b, str) and a != b for a, b in pairs], bool)
