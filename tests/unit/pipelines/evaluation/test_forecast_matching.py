"""Match forecasts with results, rule by rule (``docs/history.md``)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluation.forecast_matching import ScoringStatus, match_outcomes
from pipelines.evaluation.stored_forecasts import day_number, parse_forecasts
from tests.testkit.documents import forecast

DAY = "2026-01-05"
FIVE, OTHER_FIVE = [1, 2, 3, 4, 5], [1, 2, 3, 4, 99]


def result(kind: str = "map", unit: int = 1, *, first: str = DAY, last: str | None = None, **changes: Any) -> Any:
    """Build a decided match of teams 1 and 2, by default on map 1."""
    return {
        "kind": kind,
        "unit": unit,
        "first_day": day_number(first),
        "last_day": day_number(last or first),
        "team1_id": 1,
        "team2_id": 2,
        "winner": 1,
        "rank1": np.nan,
        "rank2": np.nan,
        "is_flagged": False,
        "lineup1": None,
        "lineup2": None,
        "maps": frozenset(),
        **changes,
    }


def status(document: Any, *results: Any) -> ScoringStatus:
    [row] = match_outcomes(parse_forecasts([document]), pd.DataFrame(results)).to_dict("records")
    return ScoringStatus(row["status"])


def test_without_results_no_forecast_is_scored() -> None:
    results = pd.DataFrame([result()]).iloc[:0]
    matched = match_outcomes(parse_forecasts([forecast(DAY)]), results)
    assert matched.to_dict("records") == [{"result": -1, "is_swapped": False, "status": ScoringStatus.NO_RESULT}]


def test_without_forecasts_the_frame_is_empty() -> None:
    assert match_outcomes(parse_forecasts([]), pd.DataFrame([result()])).empty


def test_order_and_index_are_those_of_the_forecasts() -> None:
    forecasts = parse_forecasts([forecast(DAY, map_id=2), forecast(DAY, map_id=9), forecast(DAY, map_id=1)])
    forecasts.index = pd.Index([7, 8, 9])
    matched = match_outcomes(forecasts, pd.DataFrame([result(unit=1), result(unit=2)]))
    assert matched["result"].to_dict() == {7: 1, 8: -1, 9: 0}


def test_teams_match_in_either_order() -> None:
    forecasts = parse_forecasts([forecast(DAY, team1=1, team2=2), forecast(DAY, team1=2, team2=1)])
    matched = match_outcomes(forecasts, pd.DataFrame([result()]))
    assert matched["is_swapped"].tolist() == [False, True]
    assert set(matched["status"]) == {ScoringStatus.SCORED}


@pytest.mark.parametrize(
    ("played_on", "expected"),
    [
        ("2026-01-03", ScoringStatus.NO_RESULT),
        ("2026-01-04", ScoringStatus.SCORED),  # the match began a day late
        ("2026-01-05", ScoringStatus.SCORED),
        ("2026-01-06", ScoringStatus.NO_RESULT),
    ],
)
def test_a_map_may_begin_one_day_late(played_on: str, expected: ScoringStatus) -> None:
    assert status(forecast(played_on), result()) == expected


def test_a_series_matches_on_each_of_its_days() -> None:
    series = result("series", 3, first="2026-01-05", last="2026-01-06")
    assert status(forecast("2026-01-06", best_of=3, as_of="2026-01-04"), series) == ScoringStatus.SCORED
    assert status(forecast("2026-01-07", best_of=3, as_of="2026-01-04"), series) == ScoringStatus.NO_RESULT


def test_the_first_day_with_a_match_counts() -> None:
    results = pd.DataFrame([result(first="2026-01-06"), result(first="2026-01-05")])
    matched = match_outcomes(parse_forecasts([forecast("2026-01-05")]), results)
    assert matched[["result", "status"]].to_dict("records") == [{"result": 1, "status": ScoringStatus.SCORED}]


@pytest.mark.parametrize(
    ("best_of", "expected"),
    [(3, ScoringStatus.SCORED), (5, ScoringStatus.NO_RESULT)],
)
def test_a_known_best_of_has_to_agree(best_of: int, expected: ScoringStatus) -> None:
    assert status(forecast(DAY, best_of=best_of), result("series", 3)) == expected


@pytest.mark.parametrize("best_of", [1, 3, 5])
def test_an_unknown_best_of_agrees_with_each(best_of: int) -> None:
    assert status(forecast(DAY, best_of=best_of), result("series", 0)) == ScoringStatus.SCORED


def test_maps_and_series_are_matched_separately() -> None:
    assert status(forecast(DAY, map_id=3), result("series", 3)) == ScoringStatus.NO_RESULT
    assert status(forecast(DAY, best_of=3), result("map", 3)) == ScoringStatus.NO_RESULT


def test_two_matches_on_one_day_are_ambiguous() -> None:
    assert status(forecast(DAY), result(), result()) == ScoringStatus.AMBIGUOUS


def test_a_flagged_result_scores_nothing() -> None:
    assert status(forecast(DAY), result(is_flagged=True)) == ScoringStatus.DISPUTED


@pytest.mark.parametrize("knowledge", [{"as_of": DAY}, {"trained_through": DAY}])
def test_knowledge_of_the_day_excludes_a_forecast(knowledge: dict[str, str]) -> None:
    assert status(forecast(DAY, **knowledge), result()) == ScoringStatus.KNOWN_BEFORE


def test_a_named_lineup_has_to_play() -> None:
    played = result(lineup1="1,2,3,4,5")
    assert status(forecast(DAY, lineup1=FIVE), played) == ScoringStatus.SCORED
    assert status(forecast(DAY, lineup1=OTHER_FIVE), played) == ScoringStatus.OTHER_MATCH
    assert status(forecast(DAY, lineup1=OTHER_FIVE), result()) == ScoringStatus.SCORED, "the lineup is unknown"


def test_a_named_lineup_follows_its_team() -> None:
    played = result(team1_id=2, team2_id=1, lineup1="6,7,8,9,10", lineup2="1,2,3,4,5")
    assert status(forecast(DAY, lineup1=FIVE), played) == ScoringStatus.SCORED
    assert status(forecast(DAY, lineup1=OTHER_FIVE), played) == ScoringStatus.OTHER_MATCH


def test_played_maps_have_to_be_among_the_named_ones() -> None:
    series = result("series", 3, maps=frozenset({1, 2}))
    assert status(forecast(DAY, best_of=3, named_maps=[1, 2, 3]), series) == ScoringStatus.SCORED
    assert status(forecast(DAY, best_of=3, named_maps=[1, 3, 4]), series) == ScoringStatus.OTHER_MATCH
    assert status(forecast(DAY, best_of=3), series) == ScoringStatus.SCORED, "no maps were named"


def test_the_first_reason_that_applies_is_reported() -> None:
    known = forecast(DAY, as_of=DAY, lineup1=OTHER_FIVE)
    flagged = result(is_flagged=True, lineup1="1,2,3,4,5")
    assert status(known, flagged, flagged) == ScoringStatus.AMBIGUOUS
    assert status(known, flagged) == ScoringStatus.DISPUTED
    assert status(known, result(lineup1="1,2,3,4,5")) == ScoringStatus.KNOWN_BEFORE
