"""The rating update: a diagonal Gaussian filter over players, player-maps, team-maps, teams and names.

Strength of a side on a map = mean of five skills + mean of five player-map offsets + team-map offset + team effect;
where no lineup is known, the rating of the team's name stands for the players. Each map is observed twice: the win
(Bernoulli) and the share of rounds (Gaussian), each with a weight, matched in mean and variance. Both sides are
computed before either is written. Before a row counts, its teams take over from those their players come from
(``arrivals``). Compiled by numba.
"""

import inspect
import zlib
from typing import Any

import numba
import numpy as np

from cs2.forecasting import matches as history
from cs2.forecasting.matches import UNKNOWN
from cs2.forecasting.ratings import parameters, state
from cs2.forecasting.ratings import transfers as arrivals
from cs2.forecasting.ratings.parameters import SETTLED_MAPS
from cs2.forecasting.ratings.state import NEVER, POOL_DAYS

_arrival_share: Any = numba.njit(arrivals.transfer_share)
_newcomer_skill: Any = numba.njit(parameters.newcomer_skill)
_faded_mean: Any = numba.njit(parameters.faded_mean)
_faded_variance: Any = numba.njit(parameters.faded_variance)


@numba.njit
def _sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


@numba.njit
def initialise_newcomers(
    players: Any, team: int, skill: Any, player_maps: Any, name: Any, name_maps: int, hindsight: Any, p: Any
) -> None:
    """Give newcomers their prior mean, moved towards what hindsight knows; the variance is there from the start."""
    total, n_mates = 0.0, 0
    for player in players:
        if player_maps[player] >= SETTLED_MAPS:
            total += skill[player, 0]
            n_mates += 1
    mates = total / n_mates if n_mates > 0 else 0.0
    prior = _newcomer_skill(mates, n_mates, name[team, 0], name_maps, p)
    for player in players:
        if player_maps[player] == 0:
            skill[player, 0] = prior + hindsight[player] * (skill[player, 0] - prior)


@numba.njit
def _posterior(
    prior: float, variance: float, won: float, slope: float, weight: float, share: float, precision: float
) -> Any:
    """Mean and variance of a difference of strengths after its share of rounds and its win.

    The share is a Gaussian observation. The win is matched in its first two moments with the logistic averaged over
    the uncertainty (assumed density filtering), so that a surprise moves a wide prior far, but not beyond reason.
    """
    gain = variance / (1.0 + precision * variance)
    x = prior + gain * precision * (share - prior)
    damping = slope / np.sqrt(1.0 + np.pi * slope * slope * gain / 8.0)
    probability = _sigmoid(damping * x)
    x += gain * weight * damping * (won - probability)
    fisher = weight * damping * damping * probability * (1.0 - probability)
    return x, gain / (1.0 + gain * fisher)


@numba.njit
def _share_a_player(fives: Any) -> bool:
    for player in fives[0]:
        for other in fives[1]:
            if player == other:
                return True
    return False


@numba.njit
def _move(estimate: Any, gain: float, error: float, shrink: float) -> None:
    """One coordinate of the filter: ``gain`` = its covariance with the observed difference."""
    estimate[0] += gain * error
    estimate[1] -= gain * gain * shrink
    estimate[1] = max(estimate[1], 1e-6)


@numba.njit
def apply_transfers(
    fives: Any,
    told: Any,
    teams: Any,
    today: int,
    player_team: Any,
    team_maps: Any,
    team_day: Any,
    name: Any,
    elo: Any,
    habit: Any,
    p: Any,
) -> None:
    """Move name, Elo and habits of both teams of a row in place; what both take over is computed before either moves.

    Args:
        fives: Both fives, shape (2, 5).
        told: Whether the row itself tells each five, shape (2,).
        teams: Both teams, whose habits have faded to ``today``.
        today: Day of the row.
        player_team: As in the state, like the arrays that follow.
        team_maps: Maps by team and map.
        team_day: Day to which the habits of a team belong.
        name: Mean (and variance, which stays) of each name.
        elo: Elo of each team.
        habit: Fading maps by team and map.
        p: The parameters.
    """
    moved = False
    for s in range(2):
        for player in fives[s]:
            moved |= told[s] and player_team[player] != UNKNOWN and player_team[player] != teams[s]
    if not moved:
        return
    name_step, elo_step, habit_step = np.zeros(2), np.zeros(2), np.zeros((2, habit.shape[1]))
    for s in range(2):
        if not told[s]:
            continue
        t = teams[s]
        n_from = 0
        for player in fives[s]:
            n_from += player_team[player] != UNKNOWN
        share = _arrival_share(team_maps[t].sum(), n_from, p)
        for player in fives[s]:
            former = player_team[player]
            if former == UNKNOWN:
                continue
            name_step[s] += share * (name[former, 0] - name[t, 0])
            elo_step[s] += share * (elo[former] - elo[t])
            fading = np.exp(-max(today - team_day[former], 0) / p.habit_days)
            habit_step[s] += share * (fading * habit[former] - habit[t])
    for s in range(2):
        name[teams[s], 0] += name_step[s]
        elo[teams[s]] += elo_step[s]
        habit[teams[s]] += habit_step[s]


@numba.njit
def newcomer_step(n_maps: int, p: Any) -> Any:
    """Larger steps for newcomers, as FIDE's K."""
    return 1.0 + p.elo_debut / (1.0 + n_maps / p.elo_debut_maps)


@numba.njit
def _learn_rows(start: int, end: int, rows: Any, ratings: Any, hindsight: Any, p: Any) -> None:  # noqa: PLR0912, PLR0915
    """Learn rows ``start`` to ``end`` in their order. One loop: numba compiles small pieces, but each costs seconds."""
    (is_map, day, map_id, team_ids, player_ids, rounds, team1_won) = rows
    (
        skill,
        player_maps,
        player_day,
        player_team,
        player_map,
        team_map,
        team,
        team_day,
        name,
        team_maps,
        habit,
        lineup,
        elo,
        player_elo,
        pool,
        pool_day,
    ) = ratings
    sign = np.array([1.0, -1.0])
    for row in range(start, end):
        today = day[row]
        m = map_id[row]
        fives = np.empty((2, 5), np.int64)
        told, has_five = player_ids[row, :, 0] != UNKNOWN, np.zeros(2, np.bool_)
        d, variance, name_d, name_variance = 0.0, 0.0, 0.0, 0.0
        for s in range(2):
            fives[s] = player_ids[row, s] if told[s] else lineup[team_ids[row, s]]
            has_five[s] = fives[s, 0] != UNKNOWN
        if has_five.all() and _share_a_player(fives):  # the latest five of a team that a player has left
            has_five[:] = told
        for s in range(2):
            t = team_ids[row, s]
            if team_day[t] > NEVER:
                gap = max(today - team_day[t], 0)
                team[t, 0] = _faded_mean(team[t, 0], gap, p)
                team[t, 1] = _faded_variance(team[t, 1], gap, p)
                name[t, 1] += p.name_drift * gap
                habit[t] *= np.exp(-gap / p.habit_days)
            team_day[t] = today
        apply_transfers(fives, told, team_ids[row], today, player_team, team_maps, team_day, name, elo, habit, p)
        for s in range(2):
            t = team_ids[row, s]
            if has_five[s]:
                initialise_newcomers(fives[s], t, skill, player_maps, name, team_maps[t].sum(), hindsight, p)
                for player in fives[s]:
                    if player_day[player] > NEVER:
                        skill[player, 1] += p.skill_drift * max(today - player_day[player], 0)
                    d += sign[s] * skill[player, 0] / 5.0
                    variance += skill[player, 1] / 25.0
                    if m != UNKNOWN:
                        d += sign[s] * player_map[player, m, 0] / 5.0
                        variance += player_map[player, m, 1] / 25.0
            else:
                d += sign[s] * name[t, 0]
                variance += name[t, 1]
            d += sign[s] * team[t, 0]
            variance += team[t, 1]
            name_d += sign[s] * name[t, 0]
            name_variance += name[t, 1]
            if m != UNKNOWN:
                d += sign[s] * team_map[t, m, 0]
                variance += team_map[t, m, 1]

        # Observations as (error of the difference, weight per unit of variance): the win, then the share of rounds.
        won = 1.0 if team1_won[row] else 0.0
        slope = 1.0 if is_map[row] else p.series_slope
        weight = p.win_weight if is_map[row] else p.series_weight
        both = rounds[row, 0] + rounds[row, 1]
        share_known = is_map[row] and rounds[row, 0] != UNKNOWN and rounds[row, 1] != UNKNOWN and both > 0
        share = p.share_slope * (rounds[row, 0] - rounds[row, 1]) / both if share_known else 0.0
        if is_map[row] and not share_known:
            weight = p.win_weight + p.share_weight  # the win alone has to tell

        for target in range(2):  # 0: players, maps and team effect; 1: the names by themselves
            x, v = (d, variance) if target == 0 else (name_d, name_variance)
            precision = p.share_weight / p.share_variance if share_known else 0.0
            mean, left = _posterior(x, v, won, slope, weight, share, precision)
            step = (mean - x) / v
            shrink = (v - left) / (v * v)
            for s in range(2):
                t = team_ids[row, s]
                if target == 1:
                    _move(name[t], name[t, 1], sign[s] * step, shrink)
                    continue
                if has_five[s]:
                    for player in fives[s]:
                        _move(skill[player], skill[player, 1] / 5.0, sign[s] * step, shrink)
                        if m != UNKNOWN:
                            _move(player_map[player, m], player_map[player, m, 1] / 5.0, sign[s] * step, shrink)
                _move(team[t], team[t, 1], sign[s] * step, shrink)
                if m != UNKNOWN:
                    _move(team_map[t, m], team_map[t, m, 1], sign[s] * step, shrink)

        surprise = won - _sigmoid(elo[team_ids[row, 0]] - elo[team_ids[row, 1]])
        for s in range(2):
            t = team_ids[row, s]
            elo[t] += sign[s] * p.elo_k * newcomer_step(team_maps[t].sum(), p) * surprise
        if has_five[0] and has_five[1]:
            x = 0.0
            for s in range(2):
                for player in fives[s]:
                    x += sign[s] * player_elo[player] / 5.0
            surprise = won - _sigmoid(x)
            for s in range(2):
                for player in fives[s]:
                    step = p.player_elo_k * newcomer_step(player_maps[player], p)
                    player_elo[player] += sign[s] * step * surprise

        for s in range(2):
            t = team_ids[row, s]
            if has_five[s]:
                for player in fives[s]:
                    player_maps[player] += 1
                    player_day[player] = today
            if told[s]:
                lineup[t] = player_ids[row, s]
                for player in fives[s]:
                    player_team[player] = t
            team_maps[t, max(m, 0)] += 1
            if m != UNKNOWN:
                habit[t, m] += 1.0
        if m != UNKNOWN:
            line = today % POOL_DAYS
            if pool_day[line] != today:
                pool_day[line] = today
                pool[line] = 0
            pool[line, m] += 1


def _cached(fingerprint: int) -> Any:
    """The loop with its machine code kept on disk, by this file and what the function closes over: numba asks no more,
    and would go on with old code when another file changes whose functions are compiled into it.
    """

    @numba.njit(cache=True)
    def learn_rows(start: int, end: int, rows: Any, ratings: Any, hindsight: Any, p: Any) -> None:
        if fingerprint >= 0:
            _learn_rows(start, end, rows, ratings, hindsight, p)

    return learn_rows


COMPILED_IN = (arrivals, history, parameters, state)
"""Modules whose functions and constants the loop is compiled with."""

learn_rows: Any = _cached(zlib.crc32("".join(inspect.getsource(module) for module in COMPILED_IN).encode()))
