"""Neither the order of published rows nor the order of teams changes the tables."""

import numpy as np
import pandas as pd
import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import TableSet, rebuild
from pipelines.sources.base import RowKind
from tests.testkit.rows import A, B, C, D, Row, map_row, published, rebuilt, series_row


def exchanged(row: Row) -> Row:
    """Return the row with the other team first."""
    other = {
        name: row.get(name.replace("1", "x").replace("2", "1").replace("x", "2"), value) for name, value in row.items()
    }
    return {**other, "winner": {"1": "2", "2": "1"}[row["winner"]]}


ROWS = [
    map_row("2025-01-01", "Alpha", "Beta", 1, team1_players=A, team2_players=B),
    map_row("2025-01-01", "Alpha", "Beta", 1, team1_players=A, team2_players=B, map="Mirage"),
    map_row("2025-01-01", "Gamma", "Delta", 2, team1_players=C, team2_players=D),
    map_row("2025-01-01", "Beta", "Gamma", 1),
    map_row("2025-01-02", "Beta", "Delta", 1, team1_players=B, team2_players=D),
]
SERIES = [
    series_row("2025-01-03", "Alpha", "Delta", 1, team1_players=A, team2_players=D),
    series_row("2025-01-03", "Gamma", "Beta", 2, team1_players=C, team2_players=B),
    series_row("2025-01-03", "Alpha", "Gamma", 2, team1_players=A, team2_players=C),
]


def learned(result: TableSet) -> list[tuple[object, ...]]:
    """Return maps and series in learning order: winner, loser, whether their lineups are known, and the day."""
    tables = result.tables
    names = tables.teams.set_index("id")["name"]
    lines: list[tuple[object, ...]] = []
    maps = tables.map_results.sort_values(["played_on", "order_in_day"])
    for frame in (maps, tables.series.sort_values("id")):
        for row in frame.to_dict("records"):
            won, lost = (1, 2) if row["winner"] == 1 else (2, 1)
            lineups = [str(row[f"lineup{side}_id"]) != "<NA>" for side in (won, lost)]
            lines.append((names[row[f"team{won}_id"]], names[row[f"team{lost}_id"]], *lineups, row.get("played_on")))
    return lines


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = published(ROWS, SERIES).frames
    shuffled = {kind: frame.iloc[rng.permutation(len(frame))] for kind, frame in rows.items()}
    one, other = rebuild(rows, Identities()), rebuild(shuffled, Identities())
    for (name, table), (_, same) in zip(one.tables.items(), other.tables.items(), strict=True):
        pd.testing.assert_frame_equal(table.reset_index(drop=True), same.reset_index(drop=True), obj=name)


def test_the_order_of_teams_changes_nothing() -> None:
    assert learned(rebuilt(list(map(exchanged, ROWS)), list(map(exchanged, SERIES)))) == learned(rebuilt(ROWS, SERIES))


@pytest.mark.parametrize("turned", [False, True])
def test_a_copy_that_names_a_team_otherwise_agrees_on_the_winner(turned: bool) -> None:
    """Omega has Alpha's five players: both rows contain a win of those five."""
    rows = [
        series_row("2025-01-01", "Alpha", "Beta", 1, team1_players=A, team2_players=B),
        series_row("2025-01-01", "Omega", "Beta", 1, team1_players=A, team2_players=B),
    ]
    result = rebuilt(series=[exchanged(row) for row in rows] if turned else rows)
    assert result.counts["series_rows_duplicate"] == 1
    (series,) = result.tables.series.to_dict("records")
    teams = result.tables.teams.set_index("id")["name"]
    assert teams[series[f"team{series['winner']}_id"]] == "Alpha"
    five = result.tables.lineups.set_index("id")["team_id"]
    assert five[series["lineup1_id"]] == series["team1_id"]


def test_kinds_without_teams_stay_as_they_are() -> None:
    standing = {"date": "2025-01-01", "team": "Alpha", "roster": A, "rank": "1", "points": "900", "region": "Europe"}
    result = rebuilt(ROWS, standing=[{**standing, "starting_points": ""}])
    assert len(result.tables.standings) == 1
    assert set(result.outcomes["kind"]) == {RowKind.MAP, RowKind.STANDING}
