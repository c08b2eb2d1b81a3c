"""Match each forecast with the result it was about. The rules are in ``docs/history.md``. Pure."""

from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs2.forecasting.matches import BoolArray
from cs2.forecasting.series.score_lines import BEST_OF

LATE_DAYS = 1
"""A match may begin this many days after the requested day: midnight, time zones."""

QUESTION = ["kind", "unit", "played_on", "low", "high"]
"""Columns that identify a question; ``low`` and ``high`` are the ids of both teams in ascending order."""


class ScoringStatus(StrEnum):
    """Whether a forecast is scored, or the reason why it is not."""

    SCORED = "scored"
    NO_RESULT = "no result"
    AMBIGUOUS = "two matches of that kind on one day"
    DISPUTED = "the result is in doubt"
    KNOWN_BEFORE = "results of the day or later were known"
    OTHER_MATCH = "another lineup or other maps than requested"


def match_outcomes(forecasts: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Find the result that each forecast was about.

    Args:
        forecasts: Columns of :data:`pipelines.evaluation.stored_forecasts.COLUMNS`.
        results: Columns of :func:`pipelines.evaluation.results.read_results`; only decided matches.

    Returns:
        In the order and with the index of ``forecasts``: ``result`` (position in ``results``, -1 for none),
        ``is_swapped`` (whether the forecast's team 1 is the result's team 2) and ``status``.
    """
    if results.empty:
        unmatched = {"result": -1, "is_swapped": False, "status": ScoringStatus.NO_RESULT}
        return pd.DataFrame(unmatched, index=forecasts.index)
    questions = forecasts[["kind", "unit", "played_on"]].assign(**_pair(forecasts))
    candidates = questions.merge(_first_matches(results, questions["played_on"]), how="left", on=QUESTION)
    position = candidates["result"].fillna(-1).to_numpy(dtype=np.int64)
    has_result = position >= 0
    rows = results.iloc[np.where(has_result, position, 0)]
    is_swapped = forecasts["team1_id"].to_numpy() == rows["team2_id"].to_numpy()
    reasons = (  # in reverse order of precedence: a later one overwrites an earlier one
        (ScoringStatus.OTHER_MATCH, _is_other_match(forecasts, rows, is_swapped)),
        (ScoringStatus.KNOWN_BEFORE, forecasts["known_through"].to_numpy() >= rows["first_day"].to_numpy()),
        (ScoringStatus.DISPUTED, rows["is_flagged"].to_numpy(dtype=bool)),
        (ScoringStatus.AMBIGUOUS, candidates["n_matches"].to_numpy() > 1),
        (ScoringStatus.NO_RESULT, ~has_result),
    )
    status = np.full(len(forecasts), ScoringStatus.SCORED, dtype=object)
    for reason, applies in reasons:
        status[applies] = reason
    return pd.DataFrame({"result": position, "is_swapped": is_swapped, "status": status}, index=forecasts.index)


def _pair(frame: pd.DataFrame) -> dict[str, pd.Series]:
    teams = frame[["team1_id", "team2_id"]]
    return {"low": teams.min(axis=1), "high": teams.max(axis=1)}


def _first_matches(results: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """For each question that a result can answer: the first such match, and how many begin on that match's day.

    Args:
        results: As for :func:`match_outcomes`.
        days: Requested days; results far from all of them are left out.
    """
    rows = pd.DataFrame(
        {"kind": results["kind"], "unit": _units(results), **_pair(results), "first_day": results["first_day"]}
    ).assign(result=np.arange(len(results)), played_on=_requested_days(results))
    if len(days):
        rows = rows[(results["last_day"] >= days.min()) & (results["first_day"] <= days.max() + LATE_DAYS)]
    rows = rows.explode("unit").explode("played_on").dropna()
    rows = rows.astype(dict.fromkeys(("unit", "played_on", "low", "high"), "int64"))
    rows = rows.sort_values([*QUESTION, "first_day", "result"])
    first_day = rows.groupby(QUESTION)["first_day"].transform("min")
    return (
        rows[rows["first_day"] == first_day]
        .groupby(QUESTION, as_index=False)
        .agg(result=("result", "first"), n_matches=("result", "size"))
    )


def _units(results: pd.DataFrame) -> pd.Series:
    """List the map of a map; of a series, every best-of under which it may have been announced."""
    units = [
        [unit] if kind == "map" or unit in BEST_OF else list(BEST_OF) if unit == 0 else []
        for kind, unit in zip(results["kind"], results["unit"], strict=True)
    ]
    return pd.Series(units, index=results.index, dtype=object)


def _requested_days(results: pd.DataFrame) -> pd.Series:
    """List the days for which each match may have been requested."""
    days = [
        range(first - LATE_DAYS, last + 1)
        for first, last in zip(results["first_day"], results["last_day"], strict=True)
    ]
    return pd.Series([list(span) for span in days], index=results.index, dtype=object)


def _is_other_match(forecasts: pd.DataFrame, rows: pd.DataFrame, is_swapped: BoolArray) -> BoolArray:
    """Whether a request named a lineup or maps, and others are known to have played or to have been played."""
    lineup1 = np.where(is_swapped, rows["lineup2"], rows["lineup1"])
    lineup2 = np.where(is_swapped, rows["lineup1"], rows["lineup2"])
    maps = [
        bool(named) and bool(played) and not played <= named
        for named, played in zip(forecasts["named_maps"], rows["maps"], strict=True)
    ]
    has_other_maps: BoolArray = np.array(maps, bool)
    return has_other_maps | _differs(forecasts["lineup1"], lineup1) | _differs(forecasts["lineup2"], lineup2)


def _differs(named: pd.Series, played: NDArray[np.object_]) -> BoolArray:
    pairs = zip(named, played, strict=True)
    return np.array([isinstance(a, str) and isinstance(b, str) and a != b for a, b in pairs], bool)
