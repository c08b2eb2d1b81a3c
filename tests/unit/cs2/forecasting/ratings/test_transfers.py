"""Transfers: a forecast uses the same values that the engine learns from, on either side."""

from dataclasses import replace

import numpy as np
import pytest

from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.matches import UNKNOWN, FloatArray, IntArray, MatchHistory, MatchQuestions
from cs2.forecasting.model.features import FEATURE_NAMES, FREQUENCY_PRIOR_MAPS, features
from cs2.forecasting.ratings.parameters import DEFAULT
from cs2.forecasting.ratings.state import RatingState
from cs2.forecasting.ratings.transfers import with_transfers
from cs2.forecasting.ratings.update import Row, apply_transfers
from tests.testkit.leagues import messy_league, mirrored
from tests.testkit.one_map import after, differences, match


@pytest.fixture(scope="module")
def history() -> MatchHistory:
    return messy_league()


def with_transfers_of(state: RatingState, one: MatchHistory) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return organisations and Elos, shape (2,), and map frequencies, shape (2, n_maps), as a forecast uses them."""
    questions = questions_about(one)
    n_maps = state.map_frequency.shape[1]
    players = np.where(
        (questions.player_ids != UNKNOWN) & (questions.player_ids < len(state.skill)), questions.player_ids, 0
    )
    teams = np.where(questions.team_ids < len(state.elo), questions.team_ids, 0)
    maps = np.repeat(np.arange(n_maps)[:, None], 2, axis=1)
    every = (np.repeat(array, n_maps, axis=0) for array in (teams, players, questions.day))
    org, elo, on_map, on_all = with_transfers(state, next(every), maps, next(every), next(every), DEFAULT)
    assert (org == org[0]).all()
    assert (elo == elo[0]).all()
    np.testing.assert_allclose(on_all, np.repeat(on_map.sum(axis=0)[None], n_maps, axis=0), atol=1e-12)
    return org[0], elo[0], on_map.T


def other_teams(history: MatchHistory, one: MatchHistory) -> tuple[int, IntArray]:
    """Return a third team with a known five, and that five."""
    state = before(history, one)
    for team in range(1, len(state.lineup)):
        five = state.lineup[team]
        if team not in one.team_ids and (five != UNKNOWN).all() and (state.player_team[five] == team).all():
            return team, five
    raise AssertionError("the league has no third team")


def before(history: MatchHistory, one: MatchHistory) -> RatingState:
    return after(history, one)[0]


def test_a_new_team_starts_where_its_five_come_from(history: MatchHistory) -> None:
    one = match(history)
    former, five = other_teams(history, one)
    state = before(history, one)
    newcomer = int(history.team_ids.max()) + 1
    renamed = replace(
        one,
        team_ids=np.array([[newcomer, one.team_ids[0, 1]]]),
        player_ids=np.stack([five, one.player_ids[0, 1]])[None],
    )
    (org, _), (elo, _), (frequencies, _) = with_transfers_of(state, renamed)
    assert org == pytest.approx(state.org[former, 0])
    assert elo == pytest.approx(state.elo[former])
    faded = np.exp(-(one.day[0] - state.team_day[former]) / DEFAULT.map_frequency_days)
    np.testing.assert_allclose(frequencies, faded * state.map_frequency[former])
    assert frequencies.sum() > 0


def test_known_players_alone_place_a_new_team(history: MatchHistory) -> None:
    one = match(history)
    former, five = other_teams(history, one)
    state = before(history, one)
    newcomers = int(history.player_ids.max()) + 1 + np.arange(2)
    players = np.stack([np.concatenate([five[:3], newcomers]), one.player_ids[0, 1]])[None]
    renamed = replace(one, team_ids=np.array([[0, one.team_ids[0, 1]]]), player_ids=players)
    (org, _), _, _ = with_transfers_of(state, renamed)
    assert org == pytest.approx(state.org[former, 0])


@pytest.mark.parametrize("transferred", [1, 3, 5])
def test_each_transferred_player_brings_a_fifth_of_the_share(history: MatchHistory, transferred: int) -> None:
    one = match(history)
    former, five = other_teams(history, one)
    state = before(history, one)
    team = int(one.team_ids[0, 0])
    assert (state.player_team[one.player_ids[0, 0]] == team).all()
    players = one.player_ids.copy()
    players[0, 0, :transferred] = five[:transferred]
    (org, _), (elo, _), (frequencies, _) = with_transfers_of(state, replace(one, player_ids=players))
    share = DEFAULT.transfer_share * transferred / 5
    own, others = (
        np.exp(-(one.day[0] - state.team_day[number]) / DEFAULT.map_frequency_days) * state.map_frequency[number]
        for number in (team, former)
    )
    assert org == pytest.approx((1 - share) * state.org[team, 0] + share * state.org[former, 0])
    assert elo == pytest.approx((1 - share) * state.elo[team] + share * state.elo[former])
    np.testing.assert_allclose(frequencies, (1 - share) * own + share * others)


def test_without_a_transfer_nothing_moves(history: MatchHistory) -> None:
    one = match(history)
    state = before(history, one)
    team = int(one.team_ids[0, 0])
    for players in (one.player_ids, np.full((1, 2, 5), UNKNOWN)):
        (org, _), (elo, _), _ = with_transfers_of(state, replace(one, player_ids=players))
        assert (org, elo) == (state.org[team, 0], state.elo[team])


@pytest.mark.parametrize("teams", ["third", "opponent", "exchanged"])
def test_a_forecast_reads_what_the_engine_learns_from(history: MatchHistory, teams: str) -> None:
    """Test transfers from a third team and from the opponent, and an exchange of two players."""
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
    org, elo, frequencies = with_transfers_of(state, changed)
    one_team, other = both = changed.team_ids[0]
    assert not np.allclose(elo, state.elo[both])

    moved = state.copy()
    for team in both:
        moved.map_frequency[team] *= np.exp(-(one.day[0] - moved.team_day[team]) / DEFAULT.map_frequency_days)
        moved.team_day[team] = one.day[0]
    row = Row(int(one.day[0]), int(one.map_id[0]), both, players[0], np.ones(2, bool), np.ones(2, bool))
    apply_transfers(row, moved, DEFAULT)
    np.testing.assert_allclose(moved.org[both, 0], org, atol=1e-12)
    np.testing.assert_allclose(moved.elo[both], elo, atol=1e-12)
    np.testing.assert_allclose(moved.map_frequency[both], frequencies, atol=1e-12)

    surprise = one.team1_won[0] - 1 / (1 + np.exp(elo[1] - elo[0]))
    maps = state.team_maps[both].sum(axis=1)
    steps = DEFAULT.elo_k * (1 + DEFAULT.newcomer_elo_factor / (1 + maps / DEFAULT.newcomer_elo_maps)) * surprise
    np.testing.assert_allclose(later.elo[both], elo + steps * [1, -1], atol=1e-12)
    frequencies[:, changed.map_id[0]] += 1
    np.testing.assert_allclose(later.map_frequency[both], frequencies, atol=1e-12)
    np.testing.assert_array_equal(later.player_team[players[0]], [[one_team] * 5, [other] * 5])
    mirror = after(history, mirrored(changed, np.ones(1, bool)))[1]
    assert max(differences(later, mirror).values()) < 1e-12


def test_features_include_transfers(history: MatchHistory) -> None:
    one = match(history)
    state = before(history, one)
    players = one.player_ids.copy()
    players[0, 0] = other_teams(history, one)[1]
    changed = replace(one, player_ids=players)
    questions = questions_about(changed)
    row = dict(zip(FEATURE_NAMES, features(state, questions)[0], strict=True))
    org, elo, frequencies = with_transfers_of(state, changed)
    assert row["elo"] == elo[0] - elo[1] != state.elo[questions.team_ids[0, 0]] - elo[1]
    share = frequencies[:, questions.map_id[0]] / (frequencies.sum(axis=1) + FREQUENCY_PRIOR_MAPS)
    assert row["map_frequency"] == pytest.approx(share[0] - share[1])
    variance = (
        state.org[questions.team_ids[0], 1] + DEFAULT.org_drift * (one.day[0] - state.team_day[questions.team_ids[0]])
    ).sum()
    assert row["org_rating"] == pytest.approx((org[0] - org[1]) / np.sqrt(1 + np.pi * variance / 8))


def test_the_order_of_the_five_does_not_matter(history: MatchHistory) -> None:
    one = match(history)
    state = before(history, one)
    players = one.player_ids.copy()
    players[0, 0, :2] = other_teams(history, one)[1][:2]
    questions = MatchQuestions(map_id=one.map_id, team_ids=one.team_ids, player_ids=players, day=one.day)
    reversed_order = replace(questions, player_ids=players[:, :, ::-1])
    np.testing.assert_allclose(features(state, questions), features(state, reversed_order), atol=1e-12)


def test_a_latest_five_that_is_not_given_brings_nothing(history: MatchHistory) -> None:
    one = match(history)
    team = int(one.team_ids[0, 0])
    other, five = other_teams(history, one)
    moved = np.stack([np.concatenate([one.player_ids[0, 0, :1], five[1:]]), one.player_ids[0, 1]])[None]
    later = after(history, replace(one, team_ids=np.array([[other, one.team_ids[0, 1]]]), player_ids=moved))[1]
    assert later.player_team[later.lineup[team]].tolist() == [other, *[team] * 4]
    unknown_lineups = replace(questions_about(one), player_ids=np.full((1, 2, 5), UNKNOWN), day=one.day + 1)
    named_lineups = replace(unknown_lineups, player_ids=np.stack([later.lineup[team], moved[0, 1]])[None])
    elo = FEATURE_NAMES.index("elo")
    assert features(later, unknown_lineups)[0, elo] == later.elo[team] - later.elo[one.team_ids[0, 1]]
    assert features(later, named_lineups)[0, elo] != features(later, unknown_lineups)[0, elo]
