"""Steps of vetoes: which series they belong to, and which are rejected."""

from collections.abc import Sequence

import pytest

from pipelines.etl.rebuild import TableSet
from pipelines.etl.vetoes import MAP_TWICE, NO_SERIES, OTHER_SERIES, OTHER_VETO, SEVERAL_SERIES, STEP_TWICE, UNKNOWN_MAP
from pipelines.sources.base import RowKind
from tests.testkit.rows import Row, map_row, outcomes, published, rebuilt, series_row, together, veto_rows

DAY = "2025-07-01"
POOL = ("Ancient", "Anubis", "Dust2", "Inferno", "Mirage", "Nuke", "Train")
EARLIER = [map_row("2025-01-01", "Gamma", "Delta", map=name, hltv_match_id="1") for name in POOL]
"""Every map was played once."""
MAPS = [map_row(DAY, map=name, map_number=str(1 + n), best_of="3") for n, name in enumerate(POOL[2:4])]
BEST_OF_1 = ("ban Alpha", "ban Alpha", "ban Beta", "ban Beta", "ban Beta", "ban Alpha", "decider")
BEST_OF_3 = ("ban Alpha", "ban Beta", "pick Alpha", "pick Beta", "ban Alpha", "ban Beta", "decider")
BEST_OF_5 = ("ban Alpha", "ban Beta", "pick Alpha", "pick Beta", "pick Alpha", "pick Beta", "decider")


def veto(actions: Sequence[str] = BEST_OF_3, date: str = DAY, maps: Sequence[str] = POOL, **more: str) -> list[Row]:
    return veto_rows(date, list(zip(actions, maps, strict=True)), **more)


def stored(result: TableSet) -> list[tuple[int, str]]:
    """Return number and text of each stored step."""
    tables = result.tables
    maps, teams = tables.maps.set_index("id")["name"], tables.teams.set_index("id")["name"]
    rows = tables.vetoes.to_dict("records")
    names = [f" {teams[row['team_id']]}" if row["action"] != "decider" else "" for row in rows]
    texts = [f"{row['action']}{name} {maps[row['map_id']]}" for row, name in zip(rows, names, strict=True)]
    return [(row["step"], text) for row, text in zip(rows, texts, strict=True)]


def reasons(result: TableSet) -> list[str]:
    rejected = result.outcomes[(result.outcomes["kind"] == RowKind.VETO) & (result.outcomes["outcome"] == "rejected")]
    return [reason for each in rejected.sort_values("index")["reasons"] for reason in each]


@pytest.mark.parametrize("actions", [BEST_OF_1, BEST_OF_3, BEST_OF_5], ids=["1", "3", "5"])
def test_a_veto_is_stored_in_its_order(actions: Sequence[str]) -> None:
    result = rebuilt([*EARLIER, *MAPS], veto=veto(actions))
    expected = [f"{action} {name}" for action, name in zip(actions, POOL, strict=True)]
    assert stored(result) == list(enumerate(expected, start=1))
    assert outcomes(result, RowKind.VETO) == ["stored"] * 7


def test_a_veto_belongs_to_the_series_of_its_day_and_teams() -> None:
    maps = [*EARLIER, *MAPS, map_row("2025-07-05")]
    result = rebuilt(maps, veto=veto())
    series = result.tables.series.set_index("id")
    assert set(result.tables.vetoes["series_id"].map(series["first_day"]).astype(str)) == {DAY}


def test_teams_in_the_other_order_and_spelling_are_the_same() -> None:
    rows = [row | {"team1": "TEAM Beta", "team2": "alpha"} for row in veto()]
    assert stored(rebuilt([*EARLIER, *MAPS], veto=rows)) == stored(rebuilt([*EARLIER, *MAPS], veto=veto()))


def test_a_series_without_maps_has_a_veto_too() -> None:
    result = rebuilt(EARLIER, [series_row("2025-07-02")], veto=veto())
    assert len(stored(result)) == 7


def test_steps_between_may_be_missing() -> None:
    rows = [row for row in veto() if row["step"] in ("3", "4", "7")]
    result = rebuilt([*EARLIER, *MAPS], veto=rows)
    assert stored(result) == [(3, "pick Alpha Dust2"), (4, "pick Beta Inferno"), (7, "decider Train")]


def test_a_step_that_stands_twice_is_merged() -> None:
    result = rebuilt([*EARLIER, *MAPS], veto=[*veto(), veto()[2]])
    assert outcomes(result, RowKind.VETO) == ["stored"] * 7 + ["merged"]
    assert len(stored(result)) == 7


def test_two_different_steps_of_one_number_are_both_rejected() -> None:
    result = rebuilt([*EARLIER, *MAPS], veto=[*veto(), veto()[2] | {"action": "ban"}])
    assert [step for step, _ in stored(result)] == [1, 2, 4, 5, 6, 7]
    assert reasons(result) == [STEP_TWICE, STEP_TWICE]


def test_a_map_in_two_steps_is_rejected_in_both() -> None:
    result = rebuilt([*EARLIER, *MAPS], veto=veto(maps=[*POOL[:6], "Nuke"]))
    assert [step for step, _ in stored(result)] == [1, 2, 3, 4, 5]
    assert reasons(result) == [MAP_TWICE, MAP_TWICE]


def test_a_map_that_no_result_names_is_rejected() -> None:
    result = rebuilt([*EARLIER, *MAPS], veto=veto(maps=["Nuk", *POOL[1:]]))
    assert reasons(result) == [UNKNOWN_MAP]
    assert len(stored(result)) == 6
    assert "Nuk" not in set(result.tables.maps["name"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"team": "Gamma"}, "the team of the step is neither of the two teams"),
        ({"team": ""}, "the team of the step is neither of the two teams"),
        ({"action": "removed"}, "action is none of ban, pick and decider"),
        ({"step": "first"}, "no number of the step"),
        ({"step": "99"}, "step is not from 1 to 15"),
        ({"map": "TBA"}, "the map is not known yet"),
        ({"map": ""}, "no map is named"),
        ({"team2": "Alpha"}, "a team against itself"),
        ({"date": "2025-07-99"}, "date is not a day as YYYY-MM-DD"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_unusable_step_is_rejected_and_the_others_are_stored(change: Row, reason: str) -> None:
    result = rebuilt([*EARLIER, *MAPS], veto=[veto()[0] | change, *veto()[1:]])
    assert reason in reasons(result)
    assert len(stored(result)) == 6


@pytest.mark.parametrize("more", [{"date": "2025-07-03"}, {"team2": "Gamma"}], ids=["day", "team"])
def test_a_veto_without_its_series_is_rejected(more: Row) -> None:
    rows = [row | more | {"team": "Alpha"} for row in veto()]
    result = rebuilt([*EARLIER, *MAPS], veto=rows)
    assert set(reasons(result)) == {NO_SERIES}
    assert stored(result) == []


def test_an_id_decides_between_two_series_of_a_day() -> None:
    maps = [*EARLIER, map_row(DAY, hltv_match_id="7"), map_row(DAY, hltv_match_id="8")]
    assert set(reasons(rebuilt(maps, veto=veto()))) == {SEVERAL_SERIES}
    result = rebuilt(maps, veto=veto(hltv_match_id="8"))
    series = set(result.tables.vetoes["series_id"])
    assert series == set(result.tables.map_results["series_id"].iloc[[-1]])
    assert set(reasons(rebuilt(maps, veto=veto(hltv_match_id="9")))) == {NO_SERIES}


def test_an_id_of_other_teams_is_rejected() -> None:
    maps = [*EARLIER, map_row(DAY, "Alpha", "Gamma", hltv_match_id="7"), *MAPS]
    assert set(reasons(rebuilt(maps, veto=veto(hltv_match_id="7")))) == {OTHER_SERIES}


def test_of_two_vetoes_of_a_series_the_closer_one_counts() -> None:
    late = veto(BEST_OF_5, date="2025-07-02")
    for rows in ([*veto(), *late], [*late, *veto()]):
        result = rebuilt([*EARLIER, *MAPS], veto=rows)
        assert stored(result) == stored(rebuilt([*EARLIER, *MAPS], veto=veto()))
        assert reasons(result) == [OTHER_VETO] * 2  # the other five steps are the same
        assert outcomes(result, RowKind.VETO).count("merged") == 5


def test_the_veto_of_a_joined_match_is_found_by_the_id_of_either_source() -> None:
    first = published([*EARLIER, *[row | {"hltv_match_id": "5"} for row in MAPS]])
    second = published([row | {"hltv_match_id": "900"} for row in MAPS], veto=veto(hltv_match_id="900"))
    assert len(stored(together(first, second))) == 7
    assert len(stored(together(second, first))) == 7


def test_a_veto_names_the_team_as_it_is_known_now() -> None:
    """The series has the name of the team that was linked to another one by its lineup."""
    five = "ana|bob|cid|dan|eve"
    maps = [*EARLIER, map_row("2025-06-20", "Omega", "Gamma", team1_players=five), *MAPS]
    maps[-1] |= {"team1_players": five}
    result = rebuilt(
        maps, veto=[row | {"team": row["team"].replace("Alpha", "Omega"), "team1": "Omega"} for row in veto()]
    )
    assert len(stored(result)) == 7
    assert set(result.tables.vetoes["team_id"].dropna()) <= set(result.tables.teams["id"])


def test_vetoes_change_no_result() -> None:
    with_vetoes = rebuilt([*EARLIER, *MAPS], veto=veto())
    without = rebuilt([*EARLIER, *MAPS])
    for table in ("map_results", "series", "teams", "team_aliases", "maps", "events", "lineups"):
        assert getattr(with_vetoes.tables, table).equals(getattr(without.tables, table)), table
