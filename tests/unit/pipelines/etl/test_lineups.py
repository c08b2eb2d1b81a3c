"""Lineups that are published apart from the maps: which map takes them, and which are rejected."""

import pytest

from pipelines.etl.lineups import CONTRADICTS, NO_MAP, OTHER_MAP, PLAYER_ON_BOTH_SIDES, SEVERAL_MAPS
from pipelines.etl.rebuild import TableSet
from pipelines.sources.base import RowKind
from tests.testkit.rows import A, B, C, D, Row, lineup_row, map_row, outcomes, published, rebuilt, series_row, together

DAY = "2025-07-01"


def fielded(result: TableSet, *, prefix: str = "") -> list[tuple[str, str]]:
    """Return both lineups of each map result: nicknames in alphabetical order."""
    names = result.tables.players.set_index("id")["nickname"]
    rosters = {
        number: "|".join(sorted(names[int(player)] for player in roster.split(",")))
        for number, roster in zip(result.tables.lineups["id"], result.tables.lineups["roster"], strict=True)
    }
    results = result.tables.map_results.sort_values("natural_key")
    sides = zip(results[f"{prefix}lineup1_id"], results[f"{prefix}lineup2_id"], strict=True)
    return [(rosters.get(first, ""), rosters.get(second, "")) for first, second in sides]


def reasons(result: TableSet) -> list[str]:
    rejected = result.outcomes[(result.outcomes["kind"] == RowKind.LINEUP) & (result.outcomes["outcome"] == "rejected")]
    return [reason for each in rejected["reasons"] for reason in each]


def test_a_map_without_lineups_takes_them() -> None:
    result = rebuilt([map_row(DAY)], lineup=[lineup_row(DAY)])
    assert fielded(result) == [(A, B)]
    assert outcomes(result, RowKind.LINEUP) == ["stored"]


def test_a_lineup_counts_as_known_before_the_match_as_that_of_a_map_row_does() -> None:
    apart = rebuilt([map_row(DAY)], lineup=[lineup_row(DAY)])
    assert fielded(apart, prefix="forecast_") == [(A, B)]
    together_with_map = rebuilt([map_row(DAY, team1_players=A, team2_players=B)])
    assert fielded(together_with_map, prefix="forecast_") == fielded(apart, prefix="forecast_")
    columns = ["forecast_day", "learn_day", "lineup1_id", "lineup2_id"]
    assert apart.matchups[columns].equals(together_with_map.matchups[columns])


def test_teams_in_the_other_order_and_spelling_are_the_same_map() -> None:
    row = lineup_row(DAY, team1="TEAM beta", team2="alpha", team1_players=B, team2_players=A, map="de_nuke")
    assert fielded(rebuilt([map_row(DAY)], lineup=[row])) == [(A, B)]


def test_a_published_lineup_stays_and_a_contradicting_row_is_rejected() -> None:
    result = rebuilt([map_row(DAY, team1_players=A, team2_players=B)], lineup=[lineup_row(DAY, team2_players=C)])
    assert fielded(result) == [(A, B)]
    assert reasons(result) == [CONTRADICTS]


def test_a_row_that_contradicts_one_side_fills_neither() -> None:
    result = rebuilt([map_row(DAY, team1_players=A)], lineup=[lineup_row(DAY, team1_players=C)])
    assert fielded(result) == [(A, "")]
    assert reasons(result) == [CONTRADICTS]


def test_the_missing_side_is_filled_beside_a_published_one() -> None:
    result = rebuilt([map_row(DAY, team1_players=A)], lineup=[lineup_row(DAY)])
    assert fielded(result) == [(A, B)]
    assert outcomes(result, RowKind.LINEUP) == ["stored"]


def test_one_side_is_enough() -> None:
    result = rebuilt([map_row(DAY)], lineup=[lineup_row(DAY, team2_players="")])
    assert fielded(result) == [(A, "")]


def test_a_row_that_repeats_the_lineups_of_its_map_is_merged() -> None:
    spelled_otherwise = A.replace("eve", "3VE")
    result = rebuilt(
        [map_row(DAY, team1_players=A, team2_players=B)], lineup=[lineup_row(DAY, team1_players=spelled_otherwise)]
    )
    assert outcomes(result, RowKind.LINEUP) == ["merged"]
    assert fielded(result) == [(A, B)]


@pytest.mark.parametrize(
    "other", [{"date": "2025-07-03"}, {"map": "Mirage"}, {"team2": "Gamma"}], ids=["day", "map", "team"]
)
def test_a_row_without_its_map_is_rejected(other: Row) -> None:
    result = rebuilt([map_row(DAY)], lineup=[lineup_row(DAY) | other])
    assert reasons(result) == [NO_MAP]
    assert fielded(result) == [("", "")]


def test_a_day_apart_is_near_enough_and_the_same_day_is_nearer() -> None:
    maps = [map_row(DAY), map_row("2025-07-02")]
    rows = [lineup_row("2025-07-02", team1_players=C, team2_players=D), lineup_row("2025-06-30")]
    assert fielded(rebuilt(maps, lineup=rows)) == [(A, B), (C, D)]


def test_an_id_decides_between_two_maps_of_a_day() -> None:
    maps = [map_row(DAY, hltv_map_id="7"), map_row(DAY, hltv_map_id="8")]
    rows = [lineup_row(DAY, hltv_map_id="8"), lineup_row(DAY, hltv_map_id="7", team2_players=C)]
    assert fielded(rebuilt(maps, lineup=rows)) == [(A, C), (A, B)]
    assert reasons(rebuilt(maps, lineup=[lineup_row(DAY)])) == [SEVERAL_MAPS]


def test_a_match_id_decides_between_two_series_of_a_day() -> None:
    maps = [map_row(DAY, hltv_match_id="7"), map_row(DAY, hltv_match_id="8")]
    result = rebuilt(maps, lineup=[lineup_row(DAY, hltv_match_id="8")])
    assert sorted(fielded(result)) == [("", ""), (A, B)]


@pytest.mark.parametrize("other", [{"map": "Mirage"}, {"team1": "Gamma"}, {"date": "2025-07-05"}], ids=str)
def test_an_id_of_another_map_is_rejected(other: Row) -> None:
    row = lineup_row(DAY, hltv_map_id="7") | other
    assert reasons(rebuilt([map_row(DAY, hltv_map_id="7")], lineup=[row])) == [OTHER_MAP]


def test_an_id_of_the_same_source_tells_maps_apart() -> None:
    assert reasons(rebuilt([map_row(DAY, hltv_map_id="7")], lineup=[lineup_row(DAY, hltv_map_id="9")])) == [NO_MAP]


def test_of_two_different_rows_the_one_with_the_id_counts() -> None:
    rows = [lineup_row(DAY, team1_players=C), lineup_row(DAY, hltv_map_id="7")]
    for order in (rows, rows[::-1]):
        result = rebuilt([map_row(DAY, hltv_map_id="7")], lineup=order)
        assert fielded(result) == [(A, B)]
        assert reasons(result) == [CONTRADICTS]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"team1_players": "ana|bob|cid|dan"}, "a lineup is not five different players"),
        ({"team1_players": "ana|bob|cid|dan|dan"}, "a lineup is not five different players"),
        ({"team1_players": "ana|bob|cid|dan|TBA"}, "a player is not known yet"),
        ({"team1_players": "ana|bob|cid|dan|" + "e" * 101}, "a name has more than 100 letters"),
        ({"team1_players": "ana|bob|cid|dan|e\x00ve"}, "a name has a control character"),
        ({"team2_players": A}, "a player is on both sides"),
        ({"team1_players": "", "team2_players": ""}, "no lineup"),
        ({"team2": "Team Alpha"}, "a team against itself"),
        ({"map": "TBA"}, "the map is not known yet"),
    ],
)
def test_an_unusable_row_is_rejected(row: Row, reason: str) -> None:
    result = rebuilt([map_row(DAY)], lineup=[lineup_row(DAY) | row])
    assert reasons(result) == [reason]
    assert fielded(result) == [("", "")]


def test_a_player_cannot_be_on_both_sides_of_a_filled_map() -> None:
    row = lineup_row(DAY, team2_players=A.replace("ana", "zoe"), team1_players="")
    assert reasons(rebuilt([map_row(DAY, team1_players=A)], lineup=[row])) == [PLAYER_ON_BOTH_SIDES]


def test_a_lineup_of_four_gives_way() -> None:
    result = rebuilt([map_row(DAY, team1_players="ana|bob|cid|dan")], lineup=[lineup_row(DAY)])
    assert fielded(result) == [(A, B)]


def test_homonyms_are_told_apart_by_the_lineups_that_were_published_apart() -> None:
    """Two players called ana go on side by side: half of the lineups came with the maps, half came apart."""
    other = "ana|uma|vic|wes|xia"
    maps, lineups = [], []
    for day in range(1, 21):
        maps.append(map_row(f"2025-07-{day:02}", team1_players=A, team2_players=B))
        maps.append(map_row(f"2025-07-{day:02}", team1="Gamma", team2="Delta"))
        lineups.append(lineup_row(f"2025-07-{day:02}", "Gamma", "Delta", team1_players=other, team2_players=D))
    result = rebuilt(maps, lineup=lineups)
    aliases = result.tables.player_aliases
    assert aliases.loc[aliases["nickname"] == "ana", "player_id"].nunique() == 2
    with_maps = [row | {"team1_players": other, "team2_players": D} if row["team1"] == "Gamma" else row for row in maps]
    assert result.tables.map_results.equals(rebuilt(with_maps).tables.map_results)


def test_the_order_of_rows_does_not_matter() -> None:
    maps = [map_row(f"2025-07-{day:02}") for day in range(1, 9)]
    rows = [lineup_row(f"2025-07-{day:02}", team1_players=(A, C)[day % 2]) for day in range(1, 10)]
    series = [series_row("2025-07-03")]
    first = rebuilt(maps, series, lineup=rows)
    second = rebuilt(maps[::-1], series, lineup=rows[::-1])
    assert sorted(fielded(first)) == sorted(fielded(second))
    assert sorted(outcomes(first, RowKind.LINEUP)) == sorted(outcomes(second, RowKind.LINEUP))


def test_a_map_that_two_sources_publish_takes_the_lineup_of_either() -> None:
    first = published([map_row(DAY, hltv_match_id="1")])
    second = published([map_row(DAY, hltv_match_id="2")], lineup=[lineup_row(DAY, hltv_match_id="2")])
    assert fielded(together(first, second)) == [(A, B)]
    assert fielded(together(second, first)) == [(A, B)]
