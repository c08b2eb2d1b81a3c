"""What a team takes over with its players: read for a forecast as it is learned, whichever side is which."""

from dataclasses import replace

import numpy as np
import pytest

from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray, MatchHistory, MatchQuestions
from cs2.forecasting.model.features import FEATURE_NAMES, HABIT_MAPS, features
from cs2.forecasting.ratings.parameters import DEFAULT
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.ratings.transfers import with_transfers
from cs2.forecasting.ratings.update import apply_transfers
from tests.testkit.leagues import messy_league, mirrored
from tests.testkit.one_map import after, differences, match


@pytest.fixture(scope="module")
def history() -> MatchHistory:
    return messy_league()


def taken_over(state: RatingState, one: MatchHistory) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Names and Elos, shape (2,), and habits on every map, shape (2, n_maps), as forecasts of one match read them."""
    asked = questions_about(one)
    n_maps = state.habit.shape[1]
    players = np.where((asked.player_ids != UNKNOWN) & (asked.player_ids < len(state.skill)), asked.player_ids, 0)
    teams = np.where(asked.team_ids < len(state.elo), asked.team_ids, 0)
    maps = np.repeat(np.arange(n_maps)[:, None], 2, axis=1)
    every = (np.repeat(array, n_maps, axis=0) for array in (teams, players, asked.day))
    name, elo, on_map, on_all = with_transfers(state, next(every), maps, next(every), next(every), DEFAULT)
    assert (name == name[0]).all()
    assert (elo == elo[0]).all()
    np.testing.assert_allclose(on_all, np.repeat(on_map.sum(axis=0)[None], n_maps, axis=0), atol=1e-12)
    return name[0], elo[0], on_map.T


def other_teams(history: MatchHistory, one: MatchHistory) -> tuple[int, IntArray]:
    """A third team of which a five is known, and that five."""
    state = before(history, one)
    for team in range(1, len(state.lineup)):
        five = state.lineup[team]
        if team not in one.team_ids and (five != UNKNOWN).all() and (state.player_team[five] == team).all():
            return team, five
    raise AssertionError("the league has no third team")


def before(history: MatchHistory, one: MatchHistory) -> RatingState:
    return after(history, one)[0]


def test_a_team_that_never_played_starts_where_its_five_come_from(history: MatchHistory) -> None:
    one = match(history)
    former, five = other_teams(history, one)
    state = before(history, one)
    newcomer = int(history.team_ids.max()) + 1
    renamed = replace(
        one,
        team_ids=np.array([[newcomer, one.team_ids[0, 1]]]),
        player_ids=np.stack([five, one.player_ids[0, 1]])[None],
    )
    (name, _), (elo, _), (habits, _) = taken_over(state, renamed)
    assert name == pytest.approx(state.name[former, 0])
    assert elo == pytest.approx(state.elo[former])
    faded = np.exp(-(one.day[0] - state.team_day[former]) / DEFAULT.habit_days)
    np.testing.assert_allclose(habits, faded * state.habit[former])
    assert habits.sum() > 0


def test_those_who_are_known_say_where_a_new_team_starts(history: MatchHistory) -> None:
    one = match(history)
    former, five = other_teams(history, one)
    state = before(history, one)
    newcomers = int(history.player_ids.max()) + 1 + np.arange(2)
    players = np.stack([np.concatenate([five[:3], newcomers]), one.player_ids[0, 1]])[None]
    renamed = replace(one, team_ids=np.array([[0, one.team_ids[0, 1]]]), player_ids=players)
    (name, _), _, _ = taken_over(state, renamed)
    assert name == pytest.approx(state.name[former, 0])


@pytest.mark.parametrize("arrivals", [1, 3, 5])
def test_each_arrival_brings_a_fifth_of_the_share(history: MatchHistory, arrivals: int) -> None:
    one = match(history)
    former, five = other_teams(history, one)
    state = before(history, one)
    team = int(one.team_ids[0, 0])
    assert (state.player_team[one.player_ids[0, 0]] == team).all()
    players = one.player_ids.copy()
    players[0, 0, :arrivals] = five[:arrivals]
    (name, _), (elo, _), (habits, _) = taken_over(state, replace(one, player_ids=players))
    share = DEFAULT.transfer_share * arrivals / 5
    own, theirs = (
        np.exp(-(one.day[0] - state.team_day[number]) / DEFAULT.habit_days) * state.habit[number]
        for number in (team, former)
    )
    assert name == pytest.approx((1 - share) * state.name[team, 0] + share * state.name[former, 0])
    assert elo == pytest.approx((1 - share) * state.elo[team] + share * state.elo[former])
    np.testing.assert_allclose(habits, (1 - share) * own + share * theirs)


def test_a_five_that_stayed_and_one_that_is_not_told_bring_nothing(history: MatchHistory) -> None:
    one = match(history)
    state = before(history, one)
    team = int(one.team_ids[0, 0])
    for players in (one.player_ids, np.full((1, 2, 5), UNKNOWN)):
        (name, _), (elo, _), _ = taken_over(state, replace(one, player_ids=players))
        assert (name, elo) == (state.name[team, 0], state.elo[team])


@pytest.mark.parametrize("teams", ["third", "opponent", "exchanged"])
def test_what_a_forecast_reads_is_what_is_learned_from(history: MatchHistory, teams: str) -> None:
    """With arrivals from a third team, from the opponent, and of two who change places."""
    one = match(history)
    players = one.player_ids.copy()
    here, there = one.player_ids[0]
    if teams == "third":
        players[0, 0, :2] = other_teams(history, one)[1][:2]
    else:
        newcomer = int(history.player_ids.max()) + 1
        players[0, 0, 0], players[0, 1, 0] = there[0], here[0] if teams == "exchanged" else newcomer
    changed = replace(one, player_ids=players)
    state, later = after(history, changed)
    name, elo, habits = taken_over(state, changed)
    one_team, other = both = changed.team_ids[0]
    assert not np.allclose(elo, state.elo[both])

    moved = state.copy()
    for team in both:
        moved.habit[team] *= np.exp(-(one.day[0] - moved.team_day[team]) / DEFAULT.habit_days)
        moved.team_day[team] = one.day[0]
    arrays = (moved.player_team, moved.team_maps, moved.team_day, moved.name, moved.elo, moved.habit)
    apply_transfers(players[0], np.ones(2, bool), both, int(one.day[0]), *arrays, DEFAULT)
    np.testing.assert_allclose(moved.name[both, 0], name, atol=1e-12)
    np.testing.assert_allclose(moved.elo[both], elo, atol=1e-12)
    np.testing.assert_allclose(moved.habit[both], habits, atol=1e-12)

    surprise = one.team1_won[0] - 1 / (1 + np.exp(elo[1] - elo[0]))
    maps = state.team_maps[both].sum(axis=1)
    steps = DEFAULT.elo_k * (1 + DEFAULT.elo_debut / (1 + maps / DEFAULT.elo_debut_maps)) * surprise
    np.testing.assert_allclose(later.elo[both], elo + steps * [1, -1], atol=1e-12)
    habits[:, changed.map_id[0]] += 1
    np.testing.assert_allclose(later.habit[both], habits, atol=1e-12)
    np.testing.assert_array_equal(later.player_team[players[0]], [[one_team] * 5, [other] * 5])
    mirror = after(history, mirrored(changed, np.ones(1, bool)))[1]
    assert max(differences(later, mirror).values()) < 1e-12


def test_features_count_arrivals(history: MatchHistory) -> None:
    one = match(history)
    state = before(history, one)
    players = one.player_ids.copy()
    players[0, 0] = other_teams(history, one)[1]
    changed = replace(one, player_ids=players)
    asked = questions_about(changed)
    row = dict(zip(FEATURE_NAMES, features(state, asked)[0], strict=True))
    name, elo, habits = taken_over(state, changed)
    assert row["elo"] == elo[0] - elo[1] != state.elo[asked.team_ids[0, 0]] - elo[1]
    share = habits[:, asked.map_id[0]] / (habits.sum(axis=1) + HABIT_MAPS)
    assert row["map_frequency"] == pytest.approx(share[0] - share[1])
    variance = (
        state.name[asked.team_ids[0], 1] + DEFAULT.name_drift * (one.day[0] - state.team_day[asked.team_ids[0]])
    ).sum()
    assert row["org_rating"] == pytest.approx((name[0] - name[1]) / np.sqrt(1 + np.pi * variance / 8))


def test_the_order_of_the_five_does_not_matter(history: MatchHistory) -> None:
    one = match(history)
    state = before(history, one)
    players = one.player_ids.copy()
    players[0, 0, :2] = other_teams(history, one)[1][:2]
    asked = MatchQuestions(map_id=one.map_id, team_ids=one.team_ids, player_ids=players, day=one.day)
    turned = replace(asked, player_ids=players[:, :, ::-1])
    np.testing.assert_allclose(features(state, asked), features(state, turned), atol=1e-12)


def test_a_latest_five_that_nobody_told_brings_nothing_though_one_of_it_plays_elsewhere(history: MatchHistory) -> None:
    one = match(history)
    team = int(one.team_ids[0, 0])
    other, five = other_teams(history, one)
    moved = np.stack([np.concatenate([one.player_ids[0, 0, :1], five[1:]]), one.player_ids[0, 1]])[None]
    later = after(history, replace(one, team_ids=np.array([[other, one.team_ids[0, 1]]]), player_ids=moved))[1]
    assert later.player_team[later.lineup[team]].tolist() == [other, *[team] * 4]
    asked = replace(questions_about(one), player_ids=np.full((1, 2, 5), UNKNOWN), day=one.day + 1)
    told = replace(asked, player_ids=np.stack([later.lineup[team], moved[0, 1]])[None])
    elo = FEATURE_NAMES.index("elo")
    assert features(later, asked)[0, elo] == later.elo[team] - later.elo[one.team_ids[0, 1]]
    assert features(later, told)[0, elo] != features(later, asked)[0, elo]
