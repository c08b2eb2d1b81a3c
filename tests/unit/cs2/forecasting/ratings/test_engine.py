"""The rating engine: symmetric in both sides, and the same in parts as at once."""

import ast
import zlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs2.forecasting.evaluation.walk_forward import iterate_days
from cs2.forecasting.matches import UNKNOWN, MatchHistory
from cs2.forecasting.ratings import compiled, update
from cs2.forecasting.ratings.engine import RatingEngine, compute_ratings, in_learning_order
from cs2.forecasting.ratings.parameters import DEFAULT
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot
from cs2.forecasting.ratings.state import RatingState
from tests.testkit.leagues import LAST_DAY, messy_league, mirrored
from tests.testkit.one_map import after, differences, match


@pytest.fixture(scope="module")
def history() -> MatchHistory:
    return messy_league()


def assert_same(one: RatingState, other: RatingState) -> None:
    assert set(differences(one, other).values()) == {0.0}


# Symmetric.


def test_both_sides_are_computed_before_either_is_written(history: MatchHistory) -> None:
    """Learning a map as A against B or as B against A gives the same ratings."""
    one = compute_ratings(history).state
    other = compute_ratings(mirrored(history, np.ones(len(history), bool))).state
    assert max(differences(one, other).values()) < 1e-9
    some = compute_ratings(mirrored(history, np.random.default_rng(1).random(len(history)) < 0.5)).state
    assert max(differences(one, some).values()) < 1e-9


def test_a_player_in_both_latest_fives_plays_for_neither(history: MatchHistory) -> None:
    """The player left a team whose next lineup is unknown: its organisation alone represents it, on either side."""
    one = match(history)
    there, here = one.player_ids[0]
    joined = here.copy()
    joined[0] = there[0]
    unknown = np.full(5, UNKNOWN)
    for known_side in (0, 1):
        sides = [joined, unknown] if known_side == 0 else [unknown, joined]
        teams = one.team_ids[:, ::-1] if known_side == 0 else one.team_ids
        players = np.array([sides])
        before, later = after(history, replace(one, team_ids=teams, player_ids=players))
        np.testing.assert_array_equal(later.skill[there[1:]], before.skill[there[1:]])
        mirror = mirrored(replace(one, team_ids=teams, player_ids=players), np.ones(1, bool))
        assert max(differences(later, after(history, mirror)[1]).values()) < 1e-12


@pytest.mark.parametrize("won", [True, False])
def test_winners_rise_losers_fall_and_variances_shrink(history: MatchHistory, won: bool) -> None:
    one = match(history, team1_won=np.array([won]))
    before, later = after(history, one)
    rise = 1 if won else -1
    for side, sign in ((0, rise), (1, -rise)):
        players, team, number = one.player_ids[0, side], one.team_ids[0, side], one.map_id[0]
        assert (sign * (later.skill[players, 0] - before.skill[players, 0]) > 0).all()
        assert (later.skill[players, 1] < before.skill[players, 1]).all()
        assert (sign * (later.player_map[players, number, 0] - before.player_map[players, number, 0]) > 0).all()
        assert sign * (later.team_map[team, number, 0] - before.team_map[team, number, 0]) > 0
        assert sign * (later.org[team, 0] - before.org[team, 0]) > 0
        assert sign * (later.elo[team] - before.elo[team]) > 0
        assert (sign * (later.player_elo[players] - before.player_elo[players]) > 0).all()
        np.testing.assert_array_equal(later.player_maps[players], before.player_maps[players] + 1)
        np.testing.assert_array_equal(later.lineup[team], players)
    absent = np.setdiff1d(np.arange(len(before.skill)), one.player_ids)
    np.testing.assert_array_equal(later.skill[absent], before.skill[absent])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12))
def test_a_clearer_win_raises_more(lost_more: int, lost_fewer: int) -> None:
    history = messy_league().take(slice(0, 800))
    if lost_more == lost_fewer:
        return
    lost_fewer, lost_more = sorted((lost_fewer, lost_more))
    risen = []
    for lost in (lost_fewer, lost_more):
        one = match(history, team1_won=np.array([True]), rounds=np.array([[13, lost]]))
        before, later = after(history, one)
        risen.append((later.skill[one.player_ids[0, 0], 0] - before.skill[one.player_ids[0, 0], 0]).mean())
    assert risen[0] > risen[1]


def test_a_flagged_row_leaves_every_rating_as_it_was(history: MatchHistory) -> None:
    assert_same(*after(history, match(history, is_rated=np.array([False]))))


def test_a_series_without_maps_moves_no_map(history: MatchHistory) -> None:
    one = match(history, is_map=np.array([False]), map_id=np.array([UNKNOWN]), team1_won=np.array([True]))
    before, later = after(history, one)
    for name in ("player_map", "team_map", "pool"):
        np.testing.assert_array_equal(getattr(later, name), getattr(before, name))
    assert (later.map_frequency <= before.map_frequency).all()
    assert (later.skill[one.player_ids[0, 0], 0] > before.skill[one.player_ids[0, 0], 0]).all()


def test_the_latest_five_stands_for_an_unknown_lineup(history: MatchHistory) -> None:
    one = match(history, player_ids=np.full((1, 2, 5), UNKNOWN))
    team = one.team_ids[0, 0]
    before, later = after(history, one)
    moved = np.flatnonzero(later.skill[:, 0] != before.skill[:, 0])
    assert set(before.lineup[team].tolist()) <= set(moved.tolist())
    np.testing.assert_array_equal(later.lineup, before.lineup)


def test_a_newcomer_starts_between_the_prior_and_the_team(history: MatchHistory) -> None:
    one = match(history)
    newcomer = int(history.player_ids.max()) + 1
    players = one.player_ids.copy()
    players[0, 0, 0] = newcomer
    before, later = after(history, replace(one, player_ids=players))
    mates = before.skill[players[0, 0, 1:], 0].mean()
    expected = DEFAULT.mates_share * mates + (1 - DEFAULT.mates_share) * DEFAULT.newcomer_mean
    assert later.player_maps[newcomer] == 1
    moved = later.skill[newcomer, 0] - expected  # by one map
    assert abs(moved) < 2.0
    assert np.sign(moved) == (1 if one.team1_won[0] else -1)


def test_the_baselines_are_the_usual_elo(history: MatchHistory) -> None:
    """Compare both Elos with plain Python."""
    h = in_learning_order(history)
    elo, player_elo = np.zeros(h.team_ids.max() + 1), np.zeros(h.player_ids.max() + 1)
    team_maps, player_maps = np.zeros(len(elo)), np.zeros(len(player_elo))
    latest: dict[int, list[int]] = {}
    team_of: dict[int, int] = {}

    def with_transfers(team: int, five: list[int]) -> float:
        """Elo of the team after the transfers of its players."""
        former = [elo[team_of[player]] for player in five if player in team_of]
        if team_maps[team] == 0:
            return float(np.mean(former)) if former else 0.0
        return float(elo[team] + DEFAULT.transfer_share / 5 * sum(other - elo[team] for other in former))

    def step(k: float, maps: float) -> float:
        return k * (1 + DEFAULT.newcomer_elo_factor / (1 + maps / DEFAULT.newcomer_elo_maps))

    for row in np.flatnonzero(h.is_rated).tolist():
        one, two = h.team_ids[row].tolist()
        fives = [
            latest.get(team) if five[0] == UNKNOWN else five
            for team, five in zip((one, two), h.player_ids[row].tolist(), strict=True)
        ]
        given = [five if five[0] != UNKNOWN else [] for five in h.player_ids[row].tolist()]
        elo[one], elo[two] = with_transfers(one, given[0]), with_transfers(two, given[1])
        team_of |= {player: team for team, five in zip((one, two), given, strict=True) for player in five}
        surprise = float(h.team1_won[row]) - 1 / (1 + np.exp(elo[two] - elo[one]))
        for team, sign in ((one, 1), (two, -1)):
            elo[team] += sign * step(DEFAULT.elo_k, team_maps[team]) * surprise
        if fives[0] and fives[1]:
            ahead = player_elo[fives[0]].mean() - player_elo[fives[1]].mean()
            surprise = float(h.team1_won[row]) - 1 / (1 + np.exp(-ahead))
            for five, sign in zip(fives, (1, -1), strict=True):
                for player in five or ():
                    player_elo[player] += sign * step(DEFAULT.player_elo_k, player_maps[player]) * surprise
        for team, five in zip((one, two), fives, strict=True):
            player_maps[five or []] += 1
            team_maps[team] += 1
            if five:
                latest[team] = five
    state = compute_ratings(history).state
    np.testing.assert_allclose(state.elo, elo, atol=1e-9)
    np.testing.assert_allclose(state.player_elo, player_elo, atol=1e-9)


def test_all_compiled_code_is_in_one_file() -> None:
    """numba's disk cache detects changes of that file only."""
    tree = ast.parse(Path(update.__file__).read_text())
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert imported == {"numpy", "typing"}
    assert compiled.learn_rows.py_func is update.learn_rows


def test_machine_code_and_plain_python_agree(history: MatchHistory) -> None:
    few = in_learning_order(history).take(slice(0, 200))
    engine, state = RatingEngine(few), RatingState.for_history(few)
    engine.learn(0, len(few))
    update.learn_rows(0, len(few), few, state, np.zeros(len(state.player_maps)), DEFAULT)
    assert max(differences(engine.state, state).values()) < 1e-12


# In parts as at once.


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 6000), max_size=6))
def test_learning_in_parts_is_learning_at_once(cuts: list[int]) -> None:
    h = in_learning_order(messy_league())
    at_once, in_parts = RatingEngine(h), RatingEngine(h)
    at_once.learn(0, len(h))
    bounds = [0, *sorted(cuts), len(h)]
    for start, end in pairwise(bounds):
        in_parts.learn(start, end)
    assert_same(at_once.state, in_parts.state)


def test_a_snapshot_is_the_replay_up_to_its_day(history: MatchHistory) -> None:
    days = np.arange(LAST_DAY - 30, LAST_DAY + 3, 7)
    for state, index in iterate_days(history, days):
        snapshot = compute_ratings(history, through=int(days[index[0]]) - 1)
        assert snapshot.as_of == days[index[0]] - 1
        assert_same(state, snapshot.state)
        known = history.learn_day <= snapshot.as_of
        alone = compute_ratings(history.take(known)).state
        np.testing.assert_array_equal(alone.elo, snapshot.state.elo[: len(alone.elo)])


def test_a_stored_snapshot_reads_back_the_same(history: MatchHistory) -> None:
    snapshot = compute_ratings(history)
    read = RatingSnapshot.from_bytes(snapshot.to_bytes())
    assert_same(read.state, snapshot.state)
    assert (read.as_of, read.features_version) == (int(history.learn_day.max()), FEATURES_VERSION)
    assert read.to_bytes() == snapshot.to_bytes() == compute_ratings(history).to_bytes()
    for team in np.unique(history.team_ids).tolist():
        assert read.latest_lineup(team) == snapshot.latest_lineup(team)
    assert read.latest_lineup(0) is None
    assert read.latest_lineup(10**6) is None


def test_a_damaged_snapshot_is_rejected(history: MatchHistory) -> None:
    data = compute_ratings(history.take(slice(0, 50))).to_bytes()
    for damaged in (b"", b"something else", data[:-20], data[:40] + b"????" + data[44:]):
        with pytest.raises(ValueError, match="rating snapshot"):
            RatingSnapshot.from_bytes(damaged)


def test_ratings_of_older_code_name_their_version(history: MatchHistory) -> None:
    """Their arrays differ: the error names another version, not damage."""
    blob, magic = compute_ratings(history.take(slice(0, 50))).to_bytes(), b"cs2ratings1\n"
    header, body = zlib.decompress(blob[len(magic) :]).split(b"\n", 1)
    older = header.replace(b'"player_team"', b'"something"').replace(f": {FEATURES_VERSION},".encode(), b": 3,")
    with pytest.raises(ValueError, match="ratings of other code, for features of version 3"):
        RatingSnapshot.from_bytes(magic + zlib.compress(older + b"\n" + body))


def test_an_empty_history_gives_the_priors(history: MatchHistory) -> None:
    empty = compute_ratings(history.take(slice(0, 0)))
    assert empty.as_of == 0
    assert (empty.state.elo == 0).all()
