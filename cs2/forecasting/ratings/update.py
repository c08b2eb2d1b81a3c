"""The rating update: a diagonal Gaussian filter over players, player-maps, team-maps, form and organisations.

Strength of a side on a map = mean of five skills + mean of five player-map offsets + team-map offset + form. Where no
lineup is known, the rating of the organisation stands for the players. Each map is observed twice: the win (Bernoulli)
and the share of rounds (Gaussian), each with a weight, matched in mean and variance (assumed density filtering).

Every formula of the ratings stands in this file, as plain Python. Features call them with arrays, so that training and
serving read a rating by the code that wrote it; ``compiled`` has numba compile the whole file for the engine. The file
imports NumPy alone: numba's cache on disk notices a change of this file, but of no other. Unknown ids and scores are
negative (``matches.UNKNOWN``).
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from cs2.forecasting.matches import BoolArray, FloatArray, IntArray, MatchHistory
    from cs2.forecasting.ratings.parameters import RatingParameters
    from cs2.forecasting.ratings.state import RatingState

NEVER = -(10**6)
"""Day number of an event that has not happened."""

SETTLED_MAPS = 3
"""Maps after which a player or an organisation informs the start of new team mates."""

SIGNS = (1.0, -1.0)
"""Side 1 raises a difference of strengths, side 2 lowers it."""


class Row(NamedTuple):
    """One row of the history: a map, or a series whose maps are unknown."""

    day: int
    map_id: int  # negative for a series
    teams: "IntArray"  # (2,)
    fives: "IntArray"  # (2, 5): the lineup, or the latest five of the team if the row has none
    is_given: "BoolArray"  # (2,): whether the row has a lineup of the side
    has_five: "BoolArray"  # (2,): whether players rate the side, else its organisation


class Observation(NamedTuple):
    """Result of a row as the filter sees it."""

    won: float  # 1 if team 1 won, else 0
    slope: float  # log-odds of a win per unit of strength
    weight: float  # of the win
    share: float  # the difference of strengths that the share of rounds stands for
    precision: float  # weighted inverse variance of that share, 0 if the rounds are unknown


def newcomer_skill(mates_mean: Any, n_mates: Any, org_mean: Any, org_maps: Any, p: "RatingParameters") -> Any:
    """Prior mean of a newcomer's skill: moves from ``newcomer_mean`` to settled team mates, else to the organisation.

    ``mates_mean`` and ``n_mates`` are of the settled team mates, ``org_mean`` and ``org_maps`` of the organisation.
    """
    by_mates = (n_mates > 0) * p.mates_share
    by_org = (n_mates == 0) * (org_maps >= SETTLED_MAPS) * p.org_share
    return by_mates * mates_mean + by_org * org_mean + (1.0 - by_mates - by_org) * p.newcomer_mean


def faded_mean(mean: Any, days: Any, p: "RatingParameters") -> Any:
    """Mean of the form after ``days`` without a map: an Ornstein-Uhlenbeck process returns to zero."""
    return mean * np.exp(-days / p.form_days)


def faded_variance(variance: Any, days: Any, p: "RatingParameters") -> Any:
    """Variance of the form after ``days`` without a map: it returns to the stationary variance."""
    return p.form_variance + (variance - p.form_variance) * np.exp(-2.0 * days / p.form_days)


def moderated(difference: Any, variance: Any) -> Any:
    """Log-odds of a win if the difference of strengths is normal. Source: MacKay (1992), 'The evidence framework'."""
    return difference / np.sqrt(1.0 + np.pi * variance / 8.0)


def transfer_share(n_maps: Any, n_transferred: Any, p: "RatingParameters") -> Any:
    """Share of the difference between former and new team that one transferred player brings.

    A team without maps (``n_maps``) starts at the mean of the former teams of its ``n_transferred`` players.
    """
    return (n_maps > 0) * p.transfer_share / 5.0 + (n_maps == 0) / (n_transferred + 1.0 * (n_transferred == 0))


def learn_rows(start: int, end: int, history: Any, state: Any, first_pass_trust: Any, p: Any) -> None:
    """Learn rows ``start`` to ``end`` (exclusive) of a history in learning order: update ``state`` in place.

    ``first_pass_trust`` is the weight of the first pass in the start of each newcomer, shape (n_players,).
    """
    for number in range(start, end):
        take_over(number, history, state)
        row = read_row(number, history, state)
        fade(row, state, p)
        apply_transfers(row, state, p)
        for side in range(2):
            if row.has_five[side]:
                initialise_newcomers(row.fives[side], row.teams[side], state, first_pass_trust, p)
                drift_skills(row.fives[side], row.day, state, p)
        observation = read_result(number, history, p)
        update_strengths(row, observation, state)
        update_orgs(row, observation, state)
        update_elo(row, observation.won, state, p)
        count(row, state)


def take_over(number: int, history: "MatchHistory", state: "RatingState") -> None:
    """Let a team without maps start as the team that bore its name before."""
    for side in range(2):
        team, former = history.team_ids[number, side], history.predecessor_ids[number, side]
        if former >= 0 and state.team_maps[team].sum() == 0:
            state.team_map[team] = state.team_map[former]
            state.form[team] = state.form[former]
            state.org[team] = state.org[former]
            state.team_day[team] = state.team_day[former]
            state.team_maps[team] = state.team_maps[former]
            state.map_frequency[team] = state.map_frequency[former]
            state.lineup[team] = state.lineup[former]
            state.elo[team] = state.elo[former]


def read_row(number: int, history: "MatchHistory", state: "RatingState") -> Row:
    """Read a row; the latest five of a team stands for a lineup that is not given."""
    teams = history.team_ids[number]
    is_given, has_five = history.player_ids[number, :, 0] >= 0, np.zeros(2, np.bool_)
    fives = np.empty((2, 5), np.int64)
    for side in range(2):
        fives[side] = history.player_ids[number, side] if is_given[side] else state.lineup[teams[side]]
        has_five[side] = fives[side, 0] >= 0
    if has_five.all() and share_a_player(fives):  # the latest five of a team that a player has left
        has_five[:] = is_given
    return Row(history.day[number], history.map_id[number], teams, fives, is_given, has_five)


def share_a_player(fives: "IntArray") -> bool:
    """Whether a player is in both fives."""
    for player in fives[0]:
        for other in fives[1]:
            if player == other:
                return True
    return False


def read_result(number: int, history: "MatchHistory", p: "RatingParameters") -> Observation:
    """Read the result of a row. Where the rounds of a map are unknown, the win gets their weight, too."""
    won = 1.0 if history.team1_won[number] else 0.0
    if not history.is_map[number]:
        return Observation(won, p.series_slope, p.series_weight, 0.0, 0.0)
    one, two = history.rounds[number, 0], history.rounds[number, 1]
    if one < 0 or two < 0 or one + two == 0:
        return Observation(won, 1.0, p.win_weight + p.share_weight, 0.0, 0.0)
    share = p.share_slope * (one - two) / (one + two)
    return Observation(won, 1.0, p.win_weight, share, p.share_weight / p.share_variance)


def fade(row: Row, state: "RatingState", p: "RatingParameters") -> None:
    """Move form, map frequencies and the uncertainty of the organisation of both teams to the day of the row."""
    form, org = state.form, state.org
    for team in row.teams:
        if state.team_day[team] > NEVER:
            gap = max(row.day - state.team_day[team], 0)
            form[team, 0] = faded_mean(form[team, 0], gap, p)
            form[team, 1] = faded_variance(form[team, 1], gap, p)
            org[team, 1] += p.org_drift * gap
            state.map_frequency[team] *= np.exp(-gap / p.map_frequency_days)
        state.team_day[team] = row.day


def has_transfers(row: Row, player_team: "IntArray") -> bool:
    """Whether a player of a given lineup was last seen in another team."""
    for side in range(2):
        if row.is_given[side]:
            for player in row.fives[side]:
                if player_team[player] >= 0 and player_team[player] != row.teams[side]:
                    return True
    return False


def apply_transfers(row: Row, state: "RatingState", p: "RatingParameters") -> None:
    """Move organisation, Elo and map frequencies of both teams towards the teams that their players come from.

    The steps of both teams are computed before either moves. ``row.teams`` have faded to the day of the row.
    """
    player_team, frequency = state.player_team, state.map_frequency
    if not has_transfers(row, player_team):
        return
    org_step, elo_step, frequency_step = np.zeros(2), np.zeros(2), np.zeros((2, frequency.shape[1]))
    for side in range(2):
        if not row.is_given[side]:
            continue
        team, n_transferred = row.teams[side], 0
        for player in row.fives[side]:
            n_transferred += player_team[player] >= 0
        share = transfer_share(state.team_maps[team].sum(), n_transferred, p)
        for player in row.fives[side]:
            former = player_team[player]
            if former >= 0:
                org_step[side] += share * (state.org[former, 0] - state.org[team, 0])
                elo_step[side] += share * (state.elo[former] - state.elo[team])
                fading = np.exp(-max(row.day - state.team_day[former], 0) / p.map_frequency_days)
                frequency_step[side] += share * (fading * frequency[former] - frequency[team])
    for side in range(2):
        state.org[row.teams[side], 0] += org_step[side]
        state.elo[row.teams[side]] += elo_step[side]
        frequency[row.teams[side]] += frequency_step[side]


def initialise_newcomers(
    five: "IntArray", team: int, state: "RatingState", first_pass_trust: "FloatArray", p: "RatingParameters"
) -> None:
    """Give newcomers their prior mean, moved towards the result of the first pass; their variance is already set."""
    skill, player_maps = state.skill, state.player_maps
    total, n_mates = 0.0, 0
    for player in five:
        if player_maps[player] >= SETTLED_MAPS:
            total += skill[player, 0]
            n_mates += 1
    mates = total / n_mates if n_mates > 0 else 0.0
    prior = newcomer_skill(mates, n_mates, state.org[team, 0], state.team_maps[team].sum(), p)
    for player in five:
        if player_maps[player] == 0:
            skill[player, 0] = prior + first_pass_trust[player] * (skill[player, 0] - prior)


def drift_skills(five: "IntArray", day: int, state: "RatingState", p: "RatingParameters") -> None:
    """Add the variance that skills gain in days without a map."""
    skill, player_day = state.skill, state.player_day
    for player in five:
        if player_day[player] > NEVER:
            skill[player, 1] += p.skill_drift * max(day - player_day[player], 0)


def difference_of_strengths(row: Row, state: "RatingState") -> Any:
    """Mean and variance of the strength of side 1 minus that of side 2."""
    skill, offset, number = state.skill, state.player_map, row.map_id
    difference, variance = 0.0, 0.0
    for side in range(2):
        sign, team = SIGNS[side], row.teams[side]
        if row.has_five[side]:
            for player in row.fives[side]:
                difference += sign * skill[player, 0] / 5.0
                variance += skill[player, 1] / 25.0
                if number >= 0:
                    difference += sign * offset[player, number, 0] / 5.0
                    variance += offset[player, number, 1] / 25.0
        else:
            difference += sign * state.org[team, 0]
            variance += state.org[team, 1]
        difference += sign * state.form[team, 0]
        variance += state.form[team, 1]
        if number >= 0:
            difference += sign * state.team_map[team, number, 0]
            variance += state.team_map[team, number, 1]
    return difference, variance


def logistic(x: float) -> float:
    """Probability of log-odds; the scalar of ``probability.sigmoid``."""
    return float(1.0 / (1.0 + np.exp(-x)))


def correction(prior: float, variance: float, seen: Observation) -> Any:
    """Step and shrinkage, per unit of covariance with a difference of strengths, after its share of rounds and its win.

    The share is a Gaussian observation. The win is matched in its first two moments with the logistic averaged over
    the uncertainty (assumed density filtering), so that a surprise moves a wide prior far, but by a bounded step.
    """
    gain = variance / (1.0 + seen.precision * variance)
    mean = prior + gain * seen.precision * (seen.share - prior)
    damping = seen.slope / np.sqrt(1.0 + np.pi * seen.slope * seen.slope * gain / 8.0)
    probability = logistic(damping * mean)
    mean += gain * seen.weight * damping * (seen.won - probability)
    fisher = seen.weight * damping * damping * probability * (1.0 - probability)
    posterior_variance = gain / (1.0 + gain * fisher)
    return (mean - prior) / variance, (variance - posterior_variance) / (variance * variance)


def move(estimate: "FloatArray", covariance: float, step: float, shrinkage: float) -> None:
    """Correct one coordinate of the filter in place, by its covariance with the observed difference."""
    estimate[0] += covariance * step
    estimate[1] -= covariance * covariance * shrinkage
    estimate[1] = max(estimate[1], 1e-6)


def update_strengths(row: Row, seen: Observation, state: "RatingState") -> None:
    """Update skills, offsets on the map and form of both sides; both are read before either is written."""
    skill, offset, number = state.skill, state.player_map, row.map_id
    difference, variance = difference_of_strengths(row, state)
    step, shrinkage = correction(difference, variance, seen)
    for side in range(2):
        signed, team = SIGNS[side] * step, row.teams[side]
        if row.has_five[side]:
            for player in row.fives[side]:
                move(skill[player], skill[player, 1] / 5.0, signed, shrinkage)
                if number >= 0:
                    move(offset[player, number], offset[player, number, 1] / 5.0, signed, shrinkage)
        move(state.form[team], state.form[team, 1], signed, shrinkage)
        if number >= 0:
            move(state.team_map[team, number], state.team_map[team, number, 1], signed, shrinkage)


def update_orgs(row: Row, seen: Observation, state: "RatingState") -> None:
    """Update the ratings of both organisations by themselves, as if nothing else explained the result."""
    one, two = row.teams[0], row.teams[1]
    step, shrinkage = correction(state.org[one, 0] - state.org[two, 0], state.org[one, 1] + state.org[two, 1], seen)
    for side in range(2):
        org = state.org[row.teams[side]]
        move(org, org[1], SIGNS[side] * step, shrinkage)


def elo_step(n_maps: int, p: "RatingParameters") -> float:
    """Factor on the step of an Elo: larger for newcomers, as FIDE's K."""
    return 1.0 + p.newcomer_elo_factor / (1.0 + n_maps / p.newcomer_elo_maps)


def update_elo(row: Row, won: float, state: "RatingState", p: "RatingParameters") -> None:
    """Update the Elo of both teams, and of all ten players where players rate both sides."""
    surprise = won - logistic(state.elo[row.teams[0]] - state.elo[row.teams[1]])
    for side in range(2):
        team = row.teams[side]
        state.elo[team] += SIGNS[side] * p.elo_k * elo_step(state.team_maps[team].sum(), p) * surprise

    if row.has_five.all():
        update_player_elo(row, won, state, p)


def update_player_elo(row: Row, won: float, state: "RatingState", p: "RatingParameters") -> None:
    """Update the Elo of all ten players."""
    elo, n_maps = state.player_elo, state.player_maps
    difference = 0.0
    for side in range(2):
        for player in row.fives[side]:
            difference += SIGNS[side] * elo[player] / 5.0
    surprise = won - logistic(difference)
    for side in range(2):
        for player in row.fives[side]:
            step = p.player_elo_k * elo_step(n_maps[player], p)
            elo[player] += SIGNS[side] * step * surprise


def count(row: Row, state: "RatingState") -> None:
    """Count the row for its players, teams and map, and remember the given lineups."""
    player_maps, player_day, player_team = state.player_maps, state.player_day, state.player_team
    for side in range(2):
        team = row.teams[side]
        for player in row.fives[side]:
            if row.has_five[side]:
                player_maps[player] += 1
                player_day[player] = row.day
            if row.is_given[side]:
                player_team[player] = team
        if row.is_given[side]:
            state.lineup[team] = row.fives[side]
        state.team_maps[team, max(row.map_id, 0)] += 1
        if row.map_id >= 0:
            state.map_frequency[team, row.map_id] += 1.0
    if row.map_id >= 0:
        line = row.day % len(state.pool_day)
        if state.pool_day[line] != row.day:
            state.pool_day[line] = row.day
            state.pool[line] = 0
        state.pool[line, row.map_id] += 1
