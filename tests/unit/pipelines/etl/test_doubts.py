"""Maps that come after the end of their series, and genuine series of every format."""

from collections.abc import Sequence

import pandas as pd
import pytest

from tests.testkit.rows import map_row, published, rebuilt, series_row, together

ONE, TWO = 1, 2


def series_of(
    winners: Sequence[int], best_of: int, *, match: str = "77", rounds: Sequence[bool] = (), numbered: bool = True
) -> list[dict[str, str]]:
    """Map rows of one match; ``rounds`` says which of them have rounds (all, if it is empty)."""
    rows = []
    for place, winner in enumerate(winners):
        number = {"map_number": str(place + 1)} if numbered else {}
        row = map_row("2025-07-01", winner=winner, best_of=str(best_of), hltv_match_id=match, **number)
        row["map"] = f"Map {place + 1}"
        if rounds and not rounds[place]:
            row |= {"score1": "", "score2": ""}
        rows.append(row)
    return rows


def marks(maps: Sequence[dict[str, str]]) -> pd.DataFrame:
    """Results by map name."""
    tables = rebuilt(maps).tables
    names = tables.maps.set_index("id")["name"]
    return tables.map_results.assign(map=tables.map_results["map_id"].map(names)).set_index("map").sort_index()


@pytest.mark.parametrize(
    ("winners", "best_of", "reason"),
    [
        ([ONE, ONE, TWO], 3, "map 3 of a best-of-3 that was decided 2:0"),
        ([TWO, ONE, TWO, ONE], 3, "map 4 of a best-of-3 that was decided 2:1"),
        ([ONE, TWO, ONE, ONE, TWO], 5, "map 5 of a best-of-5 that was decided 3:1"),
        ([ONE, ONE], 1, "map 2 of a best-of-1 that was decided 1:0"),
        ([ONE, TWO, ONE], 2, "map 3 of a best-of-2"),
    ],
)
def test_a_map_after_the_end_of_its_series_was_never_played(winners: list[int], best_of: int, reason: str) -> None:
    rounds = [True] * (len(winners) - 1) + [False]
    result = marks(series_of(winners, best_of, rounds=rounds))
    assert result["never_played"].tolist() == [False] * (len(winners) - 1) + [True]
    assert result["doubt"].tolist()[-1] == reason
    assert result["is_rated"].tolist() == [True] * (len(winners) - 1) + [False]


def test_a_map_with_rounds_after_the_end_of_its_series_is_doubtful() -> None:
    result = marks(series_of([ONE, ONE, TWO], 3))
    assert result["doubtful"].tolist() == [False, False, True]
    assert not result["never_played"].any()
    assert result["is_rated"].tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("winners", "best_of"),
    [
        ([ONE], 1),
        ([ONE, TWO], 2),
        ([ONE, ONE], 2),
        ([ONE, ONE], 3),
        ([ONE, TWO, TWO], 3),
        ([TWO, TWO, TWO], 5),
        ([ONE, TWO, ONE, TWO, ONE], 5),
    ],
)
@pytest.mark.parametrize("have_rounds", [True, False])
@pytest.mark.parametrize("numbered", [True, False])
def test_a_genuine_series_is_not_marked(winners: list[int], best_of: int, have_rounds: bool, numbered: bool) -> None:
    result = marks(series_of(winners, best_of, rounds=[have_rounds] * len(winners), numbered=numbered))
    assert result["is_rated"].all()


@pytest.mark.parametrize("numbered", [True, False])
def test_two_series_of_a_pair_on_one_day_are_not_marked(numbered: bool) -> None:
    first, second = series_of([ONE, ONE], 3, match="1"), series_of([TWO, ONE, TWO], 3, match="2")
    for row in second:
        row["map"] = row["map"].replace("Map", "Other")
    assert marks([*first, *second])["is_rated"].all()
    without_ids = [{**row, "hltv_match_id": ""} for row in [*first, *second]]
    assert marks(without_ids)["is_rated"].all()


def test_numbers_that_repeat_without_a_match_id_are_two_series() -> None:
    rows = [{**row, "hltv_match_id": ""} for row in (*series_of([ONE], 1), *series_of([TWO], 1))]
    rows[1]["map"] = "Other"
    result = marks(rows)
    assert result["series_id"].nunique() == 2
    assert result["is_rated"].all()


def test_a_map_without_number_and_rounds_is_marked_if_the_others_decide() -> None:
    rows = series_of([ONE, ONE, TWO], 3, rounds=[True, True, False], numbered=False)
    assert marks(rows)["never_played"].tolist() == [False, False, True]


def test_a_repeated_row_of_the_decisive_map_is_not_marked() -> None:
    rows = series_of([ONE, ONE], 3)
    assert rebuilt([*rows, rows[1]]).tables.map_results["is_rated"].all()


@pytest.mark.parametrize("flag", ["winner_conflict", "date_suspect"])
def test_a_flagged_map_decides_nothing(flag: str) -> None:
    rows = [{"winner_conflict": "0", "date_suspect": "0", **row} for row in series_of([ONE, ONE, TWO], 3)]
    rows[1][flag] = "1"
    assert marks(rows)["doubt"].isna().all()


def test_an_unknown_best_of_marks_nothing() -> None:
    rows = [{**row, "best_of": ""} for row in series_of([ONE, ONE, TWO], 3, rounds=[True, True, False])]
    assert marks(rows)["is_rated"].all()


def test_invented_maps_do_not_decide_a_series() -> None:
    """With the invented maps the loser would have won three of five."""
    rows = series_of([ONE, ONE, TWO, TWO, TWO], 3, rounds=[True, True, False, False, False])
    assert rebuilt(rows).tables.series["winner"].tolist() == [1]


def test_the_marks_do_not_depend_on_the_order_of_the_teams() -> None:
    rows = series_of([ONE, ONE, TWO], 3, rounds=[True, True, False])
    flipped = {**rows[1], "team1": rows[1]["team2"], "team2": rows[1]["team1"], "winner": "2"}
    flipped |= {"score1": rows[1]["score2"], "score2": rows[1]["score1"]}
    assert marks([rows[0], flipped, rows[2]])["never_played"].tolist() == [False, False, True]


@pytest.mark.parametrize("numbered", [True, False])
def test_two_winners_of_one_map_make_both_rows_doubtful_and_decide_nothing(numbered: bool) -> None:
    rows = series_of([ONE, ONE, TWO], 3, numbered=numbered)
    contradiction = {**rows[1], "winner": "2", "score1": "7", "score2": "13"}
    result = rebuilt([*rows, contradiction]).tables.map_results
    doubtful = result[result["doubtful"]]
    assert len(doubtful) == 2
    assert set(doubtful["doubt"]) == {"two rows of Map2 in this series name different winners"}
    assert not result["never_played"].any()


def test_more_maps_than_the_best_of_without_numbers_are_all_doubtful() -> None:
    result = marks(series_of([ONE, TWO, ONE], 2, numbered=False))
    assert result["doubtful"].all()
    assert set(result["doubt"]) == {"the best-of-2 has 3 maps and ended 2:1"}
    assert set(marks(series_of([ONE, ONE, ONE], 3, numbered=False))["doubt"]) == {
        "the best-of-3 has 3 maps and ended 3:0"
    }


def test_a_map_on_whose_winner_two_sources_disagree_is_doubtful_and_decides_nothing() -> None:
    first, other = (published(series_of([ONE, winner, TWO], 3)) for winner in (ONE, TWO))
    result = together(first, other).tables.map_results
    assert result["doubtful"].tolist() == [False, True, False]
    assert result["winner"].tolist() == [1, 1, 2], "the source named first is still shown"
    assert result.loc[1, "doubt"] == "the sources disagree on the winner"


def test_a_series_on_whose_winner_two_sources_disagree_has_no_winner_and_is_not_scored() -> None:
    result = together(
        published(series=[series_row("2025-07-01")]), published(series=[series_row("2025-07-01", winner=2)])
    )
    assert result.tables.series["winner"].isna().all()
    assert result.matchups["is_rated"].tolist() == [False]
    agreed = together(published(series=[series_row("2025-07-01")]), published(series=[series_row("2025-07-01")]))
    assert agreed.tables.series["winner"].tolist() == [1]
    assert agreed.matchups["is_rated"].tolist() == [True]
