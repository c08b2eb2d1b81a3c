"""The simulated league: reproducible, growing without changing, true to its own probabilities."""

from dataclasses import fields

import numpy as np
import pytest

from cs2.forecasting.matches import MatchHistory
from cs2.forecasting.simulation.league import League, LeagueParameters, active_maps, simulate_league

FIRST_DAY = 19_000


@pytest.fixture(scope="module")
def league() -> League:
    return simulate_league(5, FIRST_DAY, FIRST_DAY + 400)


def equal(one: MatchHistory, other: MatchHistory) -> bool:
    return all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))


def test_a_seed_gives_one_league(league: League) -> None:
    assert equal(league.history, simulate_league(5, FIRST_DAY, FIRST_DAY + 400).history)
    assert not np.array_equal(league.true_probability, simulate_league(6, FIRST_DAY, FIRST_DAY + 400).true_probability)


@pytest.mark.parametrize("days", [0, 6, 7, 100])
def test_a_longer_league_begins_with_the_shorter_one(league: League, days: int) -> None:
    shorter = simulate_league(5, FIRST_DAY, FIRST_DAY + days)
    assert len(shorter) > 0
    assert equal(shorter.history, league.history.take(slice(len(shorter))))
    np.testing.assert_array_equal(shorter.true_probability, league.true_probability[: len(shorter)])
    np.testing.assert_array_equal(shorter.series_id, league.series_id[: len(shorter)])


def test_before_the_first_day_there_is_nothing() -> None:
    assert len(simulate_league(5, FIRST_DAY, FIRST_DAY - 1)) == 0


def test_outcomes_agree_with_the_true_probabilities(league: League) -> None:
    won, probability = league.history.team1_won, league.true_probability
    deviations = (won - probability) / np.sqrt(probability * (1 - probability))
    assert abs(deviations.mean()) < 4 / np.sqrt(len(league))
    likely = probability > 0.6
    assert abs((won - probability)[likely].mean()) < 4 * 0.5 / np.sqrt(likely.sum())


def test_a_series_ends_when_it_is_decided(league: League) -> None:
    history = league.history
    for series in np.unique(league.series_id):
        rows = np.flatnonzero(league.series_id == series)
        wins = history.team1_won[rows].sum(), (~history.team1_won[rows]).sum()
        best_of = history.best_of[rows[0]]
        assert max(wins) == best_of // 2 + 1
        assert history.team1_won[rows[-1]] == (wins[0] > wins[1])
        assert league.map_number[rows].tolist() == list(range(1, len(rows) + 1))
        assert len(set(history.map_id[rows])) == len(rows)


def test_lineups_have_five_players_and_change_by_transfers(league: League) -> None:
    history = league.history
    ten = history.player_ids.reshape(len(league), 10)
    assert all(len(set(row)) == 10 for row in ten)
    rosters: dict[int, set[tuple[int, ...]]] = {team: set() for team in np.unique(history.team_ids).tolist()}
    for side in (0, 1):
        for team, five in zip(history.team_ids[:, side], history.player_ids[:, side].tolist(), strict=True):
            rosters[team].add(tuple(sorted(five)))
    assert max(map(len, rosters.values())) > 1


def test_seven_maps_are_active_and_two_change_each_year() -> None:
    one, other = active_maps(FIRST_DAY), active_maps(FIRST_DAY + 365)
    assert len(one) == len(other) == 7
    assert len(set(one) & set(other)) == 5


def test_a_small_league_can_be_played() -> None:
    small = simulate_league(1, 0, 20, LeagueParameters(n_teams=2, n_reserves=0, series_per_day=1))
    assert set(small.history.team_ids.ravel()) == {1, 2}
