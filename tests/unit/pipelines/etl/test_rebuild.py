"""From published rows to tables: rows that belong together, rejected rows, and no row is lost."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import TableSet
from pipelines.sources.base import RowKind
from tests.testkit.rows import A, B, C, Row, map_row, outcomes, rebuilt, series_row

LINEUPS: dict[str, Any] = {"team1_players": A, "team2_players": B}


def days(result: TableSet) -> list[tuple[date, date]]:
    series = result.tables.series
    return list(zip(series["forecast_day"], series["learn_day"], strict=True))


def reasons(result: TableSet) -> list[list[str]]:
    return result.outcomes.loc[result.outcomes["outcome"] == "rejected", "reasons"].tolist()


def test_a_series_dated_a_day_early_joins_its_maps() -> None:
    maps = [map_row("2025-07-02", map=name, **LINEUPS) for name in ("Nuke", "Mirage")]
    result = rebuilt(maps, [series_row("2025-07-01")])
    assert outcomes(result, RowKind.SERIES) == ["merged"]
    assert days(result) == [(date(2025, 7, 1), date(2025, 7, 2))]
    assert result.tables.series["first_day"].tolist() == [date(2025, 7, 2)]  # the maps' day counts


def test_a_series_without_maps_is_learned_last_of_its_pair() -> None:
    """The row may be dated a day early, and contain the result of a match of the next day."""
    rows = [series_row("2025-07-01"), series_row("2025-07-01", winner=2, number_on_day="1")]
    tables = rebuilt([map_row("2025-07-02", **LINEUPS)], rows).tables
    alone = tables.series[~tables.series["id"].isin(tables.map_results["series_id"])]
    assert alone[["forecast_day", "learn_day"]].astype(str).to_numpy().tolist() == [["2025-07-01", "2025-07-02"]]


def test_a_series_two_days_from_the_maps_is_another_one() -> None:
    result = rebuilt([map_row("2025-07-03", **LINEUPS)], [series_row("2025-07-01")])
    assert outcomes(result, RowKind.SERIES) == ["stored"]
    assert len(days(result)) == 2


def test_a_series_under_another_name_finds_its_maps_by_lineup() -> None:
    result = rebuilt([map_row("2025-07-01", **LINEUPS)], [series_row("2025-07-01", team1="Former Alpha Five")])
    assert outcomes(result, RowKind.SERIES) == ["merged"]
    assert len(result.tables.series) == 1
    aliases = result.tables.team_aliases.set_index("name")["team_id"]
    assert aliases["Former Alpha Five"] == aliases["Alpha"]


def test_a_series_with_its_sides_the_other_way_round_is_joined() -> None:
    other_way = series_row("2025-07-01", team1="Beta", team2="Alpha", winner=2, team1_players=B, team2_players=A)
    result = rebuilt([map_row("2025-07-01", **LINEUPS)], [other_way])
    assert outcomes(result, RowKind.SERIES) == ["merged"]
    assert result.tables.series[["winner"]].iloc[0, 0] == 1


def test_maps_and_series_rows_belong_to_one_series_each() -> None:
    maps = [map_row("2025-07-01", map="Nuke", hltv_match_id="1"), map_row("2025-07-01", map="Train", hltv_match_id="2")]
    result = rebuilt(maps, [series_row("2025-07-01"), series_row("2025-07-01", winner=2, number_on_day="1")])
    assert result.tables.map_results["series_id"].nunique() == 2
    assert outcomes(result, RowKind.SERIES) == ["merged", "merged"]
    joined = result.outcomes[result.outcomes["kind"] == RowKind.SERIES]["target"]
    assert joined.nunique() == 2


def test_a_question_about_a_series_does_not_reveal_its_outcome() -> None:
    """Two series of a pair within a day: the winners assign maps to rows, but must not affect a question."""
    maps = [
        map_row("2025-07-01", hltv_match_id="1", winner=1, best_of="1", **LINEUPS),
        map_row("2025-07-02", hltv_match_id="2", winner=2, best_of="3", **LINEUPS),
    ]

    def series_matchups(winner: int, other: int) -> pd.DataFrame:
        standin = {"team1_players": A.replace("ana", "zoe")}
        rows = [series_row("2025-07-01", winner=winner), series_row("2025-07-01", winner=other, **standin)]
        matchups = rebuilt(maps, [rows[0], {**rows[1], "number_on_day": "1"}]).matchups
        return matchups[matchups["kind"] == RowKind.SERIES].drop(columns="series")

    expected = series_matchups(1, 2)
    assert expected["best_of"].isna().all()  # either series is possible
    assert expected["lineup1_id"].nunique() == 2
    for winner, other in ((1, 1), (2, 1), (2, 2)):
        pd.testing.assert_frame_equal(series_matchups(winner, other), expected)


def test_lineups_of_a_question_do_not_reveal_the_outcome() -> None:
    """Maps without lineups take those of their series if all series of the pair within a day agree on them."""
    maps = [map_row("2025-07-01", hltv_match_id="1", winner=1), map_row("2025-07-01", hltv_match_id="2", winner=2)]
    standin = {"team1_players": A.replace("ana", "zoe")}

    def map_lineups(winner: int, other: int) -> pd.DataFrame:
        rows = [series_row("2025-07-01", winner=winner), series_row("2025-07-01", winner=other, **standin)]
        matchups = rebuilt(maps, [rows[0], {**rows[1], "number_on_day": "1"}]).matchups
        return matchups.loc[matchups["kind"] == RowKind.MAP, ["lineup1_id", "lineup2_id"]]

    expected = map_lineups(1, 2)
    assert expected["lineup1_id"].isna().all()  # either series is possible
    assert expected["lineup2_id"].notna().all()
    for winner, other in ((1, 1), (2, 1), (2, 2)):
        pd.testing.assert_frame_equal(map_lineups(winner, other), expected)


def test_a_series_without_a_best_of_has_that_of_its_maps() -> None:
    result = rebuilt([map_row("2025-07-01", best_of="1", **LINEUPS)], [series_row("2025-07-01")])
    assert result.matchups.set_index("kind").loc[RowKind.SERIES, "best_of"] == 1


def test_copies_with_a_respelled_nickname_are_stored_once() -> None:
    copy = series_row("2025-07-02", team1_players=A.replace("ana", "aNa1"), number_on_day="1")
    result = rebuilt(series=[series_row("2025-07-01"), copy])
    assert outcomes(result, RowKind.SERIES) == ["stored", "merged"]


def test_a_second_series_that_ended_otherwise_is_no_copy() -> None:
    result = rebuilt(series=[series_row("2025-07-01"), series_row("2025-07-02", winner=2)])
    assert outcomes(result, RowKind.SERIES) == ["stored", "stored"]


def test_a_team_against_itself_is_rejected() -> None:
    result = rebuilt([map_row("2025-07-01")], [series_row("2025-07-01", team1="Beta")])
    assert reasons(result) == [["a team against itself"]]


def test_a_nickname_on_both_sides_leaves_both_lineups_unknown() -> None:
    result = rebuilt([map_row("2025-07-01", team1_players=A, team2_players=B.replace("fay", "ana"))])
    assert result.tables.map_results[["lineup1_id", "lineup2_id"]].isna().all(axis=None)
    assert outcomes(result, RowKind.MAP) == ["stored"]


def test_an_unknown_lineup_of_a_map_comes_from_its_series() -> None:
    result = rebuilt([map_row("2025-07-01")], [series_row("2025-07-01")])
    assert result.tables.map_results[["lineup1_id", "lineup2_id"]].notna().all(axis=None)


def test_repeated_map_rows_are_all_stored() -> None:
    assert outcomes(rebuilt([map_row("2025-07-01")] * 2), RowKind.MAP) == ["stored", "stored"]


def test_flagged_rows_are_stored_and_not_rated() -> None:
    rows = [map_row("2025-07-01", winner_conflict="1"), map_row("2025-07-03", date_suspect="1"), map_row("2025-07-05")]
    rows = [{"winner_conflict": "0", "date_suspect": "0", **row} for row in rows]
    tables = rebuilt(rows).tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    assert history.is_rated.tolist() == [False, False, True]


def test_rounds_that_contradict_the_winner_are_unknown() -> None:
    result = rebuilt([map_row("2025-07-01", score1="5", score2="13")]).tables.map_results
    assert result["winner"].tolist() == [1]
    assert result["rounds1"].isna().all()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"date": "2025-07-99"}, ["date is not a day as YYYY-MM-DD"]),
        ({"winner": "3"}, ["winner is neither 1 nor 2"]),
        ({"winner": ""}, ["winner is neither 1 nor 2"]),
        ({"map": ""}, ["no map is named"]),
        ({"team1": " "}, ["a team has no name"]),
        ({"team2": "Alpha"}, ["a team against itself"]),
        ({"score1": "913"}, ["impossible number of rounds"]),
        (
            {"map": "", "team1": "", "winner": "x"},
            ["a team has no name", "no map is named", "winner is neither 1 nor 2"],
        ),
    ],
)
def test_a_bad_row_is_rejected_with_every_reason(changes: Row, expected: list[str]) -> None:
    result = rebuilt([map_row("2025-07-01"), {**map_row("2025-07-02"), **changes}])
    assert sorted(reasons(result)[0]) == expected
    assert len(result.tables.map_results) == 1


def test_statistics_of_unknown_maps_or_players_are_rejected() -> None:
    known = {"date": "2025-07-01", "hltv_match_id": "1", "map": "Nuke", "team1": "Alpha", "team2": "Beta"}
    known |= {"player": "ana", "kills": "20", "deaths": "10", "adr": "90.5", "kast": "80", "rating": "1.3"}
    rows = [known, {**known, "map": "Train"}, {**known, "player": "nobody"}, {**known, "player": "bob", "kills": ""}]
    result = rebuilt([map_row("2025-07-01", **LINEUPS)], player_map=rows)
    assert outcomes(result, RowKind.PLAYER_MAP) == ["stored", "rejected", "rejected", "rejected"]
    assert result.tables.player_map_stats["kills"].tolist() == [20]


def test_standings_know_the_roster_where_it_played() -> None:
    rows = [{"date": "2025-08-01", "team": "Alpha", "roster": A, "rank": "1", "points": "1900"}]
    rows += [{**rows[0], "team": "Stranger", "roster": C, "rank": "2"}]
    standings = rebuilt([map_row("2025-07-01", **LINEUPS)], standing=rows).tables.standings
    assert standings["rank"].tolist() == [1, 2]
    assert standings["lineup_id"].notna().tolist() == [True, False]
