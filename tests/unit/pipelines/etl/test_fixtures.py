"""Announced matches: their teams, duplicate rows, and results that do not depend on them."""

import pandas as pd
import pytest

from pipelines.etl.rebuild import TableSet
from pipelines.sources.base import RowKind
from tests.testkit.rows import A, B, C, D, Row, fixture_row, map_row, outcomes, rebuilt

MAPS = [map_row("2025-07-01", team1_players=A, team2_players=B, event="Cup")]


def facts(result: TableSet) -> list[tuple[str, object, str, str]]:
    """Return start, best-of and the names of both teams."""
    fixtures = result.tables.fixtures
    names = result.tables.teams.set_index("id")["name"]
    starts = [start.isoformat() for start in fixtures["start_time"]]
    sides = (names[fixtures[side]].tolist() for side in ("team1_id", "team2_id"))
    return list(zip(starts, fixtures["best_of"].tolist(), *sides, strict=True))


def test_a_fixture_resolves_spellings_and_starts_in_utc() -> None:
    result = rebuilt(MAPS, fixture=[fixture_row("2025-07-03T20:30+02:00", team1="Team ALPHA")])
    assert facts(result) == [("2025-07-03T18:30:00+00:00", 3, "Alpha", "Beta")]
    assert result.tables.fixtures["team1_name"].tolist() == ["Team ALPHA"]
    assert set(result.tables.team_aliases["name"]) == {"Alpha", "Beta", "Team ALPHA"}


def test_a_new_team_of_a_fixture_keeps_its_id() -> None:
    from pipelines.etl.id_register import Identities
    from pipelines.etl.rebuild import rebuild
    from tests.testkit.rows import published

    identities = Identities()
    fixture = [fixture_row("2025-07-03T18:00Z", team2="Newcomers")]
    first = rebuild(published(MAPS, fixture=fixture).frames, identities).tables.fixtures["team2_id"].item()
    played = [*MAPS, map_row("2025-07-03", team2="Newcomers", team1_players=A, team2_players=C)]
    tables = rebuild(published(played, fixture=fixture).frames, identities).tables
    assert tables.fixtures["team2_id"].item() == first
    assert first in tables.map_results["team2_id"].tolist()


def test_a_shared_name_means_the_team_that_played_last() -> None:
    same_day = [
        map_row("2025-07-01", team1_players=A, team2_players=B),
        map_row("2025-07-01", team2="Gamma", team1_players=C, team2_players=D, map="Train"),
    ]
    later = map_row("2025-07-02", team2="Gamma", team1_players=C, team2_players=D)
    result = rebuilt([*same_day, later], fixture=[fixture_row("2025-07-03T18:00Z")])
    results = result.tables.map_results
    gammas_opponent = set(results.loc[results["map_id"].duplicated(), ["team1_id", "team2_id"]].to_numpy().ravel())
    assert result.tables.fixtures["team1_id"].item() in gammas_opponent


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start_time": "tonight"}, ["start_time is no time as YYYY-MM-DDTHH:MM"]),
        ({"best_of": "7"}, ["best_of is none of 1, 2, 3 and 5"]),
        ({"team1": ""}, ["a team has no name"]),
        ({"team2": "TBD"}, ["a team is not known yet"]),
        ({"team2": "Alpha"}, ["a team against itself"]),
        ({"team2": "Team Alpha"}, ["a team against itself"]),
        ({"start_time": "", "best_of": "-1"}, ["best_of is none of 1, 2, 3 and 5", "start_time is no time as "]),
    ],
)
def test_a_bad_row_is_rejected_with_every_reason(changes: Row, expected: list[str]) -> None:
    result = rebuilt(MAPS, fixture=[fixture_row("2025-07-03T18:00Z"), fixture_row("2025-07-04T18:00Z") | changes])
    assert outcomes(result, RowKind.FIXTURE) == ["stored", "rejected"]
    [reasons] = result.outcomes.loc[result.outcomes["outcome"] == "rejected", "reasons"]
    assert [reason[: len(start)] for reason, start in zip(sorted(reasons), expected, strict=True)] == expected


def test_a_duplicate_is_merged_and_a_second_match_stored() -> None:
    rows = [
        fixture_row("2025-07-03T12:00Z"),
        fixture_row("2025-07-03T13:00Z", team1="Beta", team2="Alpha", event="Cup, Group A"),
        fixture_row("2025-07-03T19:00Z", event="Cup, Final"),
    ]
    result = rebuilt(MAPS, fixture=rows)
    assert outcomes(result, RowKind.FIXTURE) == ["stored", "merged", "stored"]
    assert [start[11:16] for start, *_ in facts(result)] == ["12:00", "19:00"]


def test_no_table_of_results_depends_on_fixtures() -> None:
    days = ("2025-07-03", "2025-07-04", "2025-07-05")
    fixtures = [fixture_row(f"{day}T18:00Z", team1="ALPHA", team2="Newcomers") for day in days]
    without, having = rebuilt(MAPS).tables, rebuilt(MAPS, fixture=fixtures).tables
    for table in ("maps", "players", "events", "lineups", "series", "map_results"):
        pd.testing.assert_frame_equal(getattr(without, table), getattr(having, table), obj=table)
    merged = having.teams.merge(without.teams, on=["id", "name"])
    assert len(merged) == len(without.teams)
