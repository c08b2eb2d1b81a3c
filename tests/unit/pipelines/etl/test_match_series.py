"""Series rows of one schedule group: their maps, and their duplicates."""

from typing import Any

from pipelines.etl.match_rows import MatchRow
from pipelines.etl.match_series import PlayedSeries, duplicate_series, join_series_to_maps

ALPHA, BETA, OMEGA = ("alpha", 1), ("beta", 1), ("omega", 1)
FIVE = tuple((f"a{number}", 1) for number in range(5))
OTHERS = tuple((f"b{number}", 1) for number in range(5))


def row(day: int = 1, winner: int = 1, **changes: Any) -> MatchRow:
    teams = changes.pop("teams", (ALPHA, BETA))
    fields = {"index": 0, "named_teams": teams, "rosters": (FIVE, OTHERS), **changes}
    known = {"forecast_teams": teams, "forecast_rosters": fields["rosters"]}
    return MatchRow(day=day, teams=teams, winner=winner, **fields, **known)


def played(name: str, *maps: MatchRow) -> PlayedSeries:
    return PlayedSeries.from_maps(name, maps)


def names(joined: dict[int, PlayedSeries]) -> dict[int, str]:
    return {position: series.name for position, series in joined.items()}


def test_the_team_with_more_maps_wins_and_a_tie_has_no_winner() -> None:
    assert played("x", row(), row(winner=2), row()).winner == ALPHA
    assert played("x", row(), row(winner=2)).winner is None


def test_a_series_joins_the_maps_of_the_nearest_day() -> None:
    candidates = [played("next day", row(day=2)), played("same day", row(day=1))]
    assert names(join_series_to_maps({7: row(day=1)}, candidates)) == {7: "same day"}


def test_the_winner_decides_between_series_of_one_day() -> None:
    candidates = [played("lost", row(winner=2)), played("won", row(winner=1))]
    assert names(join_series_to_maps({7: row(), 8: row(winner=2)}, candidates)) == {7: "won", 8: "lost"}


def test_two_days_apart_is_another_series() -> None:
    assert join_series_to_maps({7: row(day=1)}, [played("later", row(day=3))]) == {}


def test_maps_go_to_one_series_row_only() -> None:
    assert list(join_series_to_maps({7: row(), 8: row()}, [played("once", row())])) == [7]


def test_the_same_players_under_another_name_are_joined() -> None:
    renamed = row(teams=(OMEGA, BETA))
    assert names(join_series_to_maps({7: renamed}, [played("maps", row())])) == {7: "maps"}


def test_eight_shared_players_and_one_winner_are_a_duplicate() -> None:
    standins = row(day=2, rosters=((*FIVE[:4], ("new", 1)), (*OTHERS[:4], ("newer", 1))))
    assert duplicate_series({3: row(), 4: standins}, joined=()) == {4: 3}
    assert duplicate_series({3: row(), 4: row(winner=2)}, joined=()) == {}
    assert duplicate_series({3: row(), 4: row(day=3)}, joined=()) == {}


def test_rows_without_lineups_are_no_duplicates() -> None:
    unknown = row(rosters=(None, None))
    assert duplicate_series({3: unknown, 4: unknown}, joined=()) == {}


def test_a_row_with_maps_is_the_original() -> None:
    assert duplicate_series({3: row(), 4: row(day=2)}, joined={4}) == {3: 4}
    assert duplicate_series({3: row(), 4: row()}, joined={3, 4}) == {}


def test_players_decide_which_sides_correspond_if_no_team_agrees() -> None:
    other = row(teams=(OMEGA, ("delta", 1)), rosters=(OTHERS, FIVE), winner=2)
    assert row().is_flipped(other)
    assert row().agrees_with(other)
