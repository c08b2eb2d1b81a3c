"""A team that takes over a name starts with the ratings of the team that bore it before."""

from dataclasses import replace

import numpy as np
import pytest

from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.matches import UNKNOWN, MatchHistory
from cs2.forecasting.ratings.state import RatingState
from tests.testkit.leagues import messy_league
from tests.testkit.one_map import after, match

OF_TEAMS = ("team_map", "form", "org", "team_maps", "map_frequency", "lineup", "elo")


@pytest.fixture(scope="module")
def history() -> MatchHistory:
    return messy_league()


def under_a_new_team(one: MatchHistory, newcomer: int, former: int) -> MatchHistory:
    """Return a map in which a new team takes the place of team 1."""
    return replace(
        one,
        team_ids=np.array([[newcomer, one.team_ids[0, 1]]]),
        predecessor_ids=np.array([[former, UNKNOWN]]),
        player_ids=np.full_like(one.player_ids, UNKNOWN),
    )


def of_team(state: RatingState, team: int) -> list[np.ndarray]:
    return [getattr(state, name)[team] for name in OF_TEAMS]


def test_the_first_map_of_a_successor_is_learned_as_one_of_its_predecessor(history: MatchHistory) -> None:
    one = match(history, player_ids=np.full((1, 2, 5), UNKNOWN))
    former, newcomer = int(one.team_ids[0, 0]), int(history.team_ids.max()) + 1
    _, as_before = after(history, one)
    _, as_successor = after(history, under_a_new_team(one, newcomer, former))
    for name, ours, theirs in zip(OF_TEAMS, of_team(as_successor, newcomer), of_team(as_before, former), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12, err_msg=name)


def test_the_predecessor_keeps_its_ratings(history: MatchHistory) -> None:
    one = match(history)
    former, newcomer = int(one.team_ids[0, 0]), int(history.team_ids.max()) + 1
    before, later = after(history, under_a_new_team(one, newcomer, former))
    for name, ours, theirs in zip(OF_TEAMS, of_team(later, former), of_team(before, former), strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


def test_a_team_that_has_played_takes_nothing_over(history: MatchHistory) -> None:
    one = match(history)
    another = next(int(team) for team in history.team_ids[:, 0] if team not in one.team_ids)
    _, alone = after(history, one)
    _, later = after(history, replace(one, predecessor_ids=np.array([[another, UNKNOWN]])))
    for name in OF_TEAMS:
        np.testing.assert_array_equal(getattr(later, name), getattr(alone, name), err_msg=name)


def test_a_successor_is_asked_for_as_its_predecessor_before_it_plays(history: MatchHistory) -> None:
    one = match(history)
    former, newcomer = int(one.team_ids[0, 0]), int(history.team_ids.max()) + 1
    questions = questions_about(under_a_new_team(one, newcomer, former))
    assert questions.team_ids.tolist() == [[former, one.team_ids[0, 1]]]
