"""Simulated league with known true probabilities: drifting skills, transfers, rotating map pools, vetoes, rounds.

Seeded and prefix-stable: a longer league begins with the rows of the shorter one, so that published results never
change as days pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cs2.forecasting.matches import UNKNOWN, BoolArray, FloatArray, IntArray, MatchHistory
from cs2.forecasting.simulation.rounds import play_rounds, round_to_map_probability

WEEK = 7
BEST_OF = np.array([1, 3, 5])
POOL_SIZE = 7
N_MAPS = 9

_PLAY_ORDER = np.zeros((6, 5), np.int64)
_PLAY_ORDER[[1, 3, 5]] = [[2, 0, 4, 1, 3], [4, 0, 2, 1, 3], [4, 0, 3, 1, 2]]
"""By best-of: the maps played, as ranks of the five unbanned maps by team 1's advantage."""


class LeagueParameters(NamedTuple):
    """Parameters of a league. Strengths are in log-odds of winning a round.

    Attributes:
        n_teams: Teams.
        n_reserves: Players without a team, who join by transfers.
        series_per_day: Series per day.
        reach: Mean distance in the ranking between two opponents.
        best_of_shares: Shares of best-of-1, 3 and 5.
        team_talent: Standard deviation of the initial skill that the players of a team share.
        talent: Standard deviation of a player's lasting skill.
        form: Standard deviation of a player's drifting skill around it.
        form_days: Days in which form fades to 1/e.
        map_talent: Standard deviation of a player's lasting offset on a map.
        preparation: Standard deviation of a team's drifting offset on a map.
        preparation_days: Days in which preparation fades to 1/e.
        transfers: Probability per week that a team replaces a player.
        veto_noise: Standard deviation of the error of both teams about their difference on a map in the veto.
    """

    n_teams: int = 60
    n_reserves: int = 60
    series_per_day: int = 10
    reach: float = 12.0
    best_of_shares: tuple[float, float, float] = (0.35, 0.6, 0.05)
    team_talent: float = 0.19
    talent: float = 0.2
    form: float = 0.12
    form_days: float = 250.0
    map_talent: float = 0.08
    preparation: float = 0.05
    preparation_days: float = 200.0
    transfers: float = 0.03
    veto_noise: float = 0.05


DEFAULT = LeagueParameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class League:
    """A simulated league, one row per map, in the order of play.

    Attributes:
        history: The maps. Ids of teams, players and maps count from 1.
        true_probability: Probability that team 1 won the map, before it was played, shape (n,).
        series_id: Series of each map, counting from 1, shape (n,).
        map_number: Number of the map in its series, from 1, shape (n,).
    """

    history: MatchHistory
    true_probability: FloatArray
    series_id: IntArray
    map_number: IntArray

    def __len__(self) -> int:
        return len(self.history)

    def through(self, day: int) -> "League":
        """Select the maps through a day."""
        played = self.history.day <= day
        return League(
            history=self.history.take(played),
            true_probability=self.true_probability[played],
            series_id=self.series_id[played],
            map_number=self.map_number[played],
        )


def simulate_league(seed: int, first_day: int, last_day: int, p: LeagueParameters = DEFAULT) -> League:
    """Simulate a league.

    Args:
        seed: Seed of all random numbers.
        first_day: Day number (since 1970-01-01) of the first series.
        last_day: Day number of the last series, inclusive; a later one only adds rows.
        p: Parameters of the league.
    """
    weeks = list(_weeks(seed, first_day, last_day, p))
    played = _concatenated(weeks) if weeks else _concatenated([_Maps.empty()])
    played = played.take(played.day <= last_day)
    n = len(played.day)
    n_series = np.unique(played.series, return_inverse=True)[1].astype(np.int64)
    history = MatchHistory(
        row_id=np.arange(1, n + 1),
        is_map=np.ones(n, bool),
        day=played.day,
        forecast_day=played.day,
        learn_day=played.day,
        order_in_day=_order_in_day(played.day),
        map_id=played.map_id,
        team_ids=played.teams,
        predecessor_ids=np.full((n, 2), UNKNOWN, np.int64),
        player_ids=played.players,
        rounds=played.rounds,
        team1_won=played.rounds[:, 0] > played.rounds[:, 1],
        best_of=played.best_of,
        is_rated=np.ones(n, bool),
        valve_rank=np.zeros((n, 2), np.int64),
    )
    return League(
        history=history,
        true_probability=round_to_map_probability(played.log_odds),
        series_id=n_series + 1,
        map_number=played.number,
    )


def _order_in_day(days: IntArray) -> IntArray:
    starts = np.flatnonzero(np.r_[True, np.diff(days) != 0]) if len(days) else np.zeros(0, np.int64)
    lengths = np.diff(np.r_[starts, len(days)])
    order: IntArray = np.arange(len(days)) - np.repeat(starts, lengths)
    return order


@dataclass(frozen=True, slots=True)
class _Maps:
    """Columns of maps, one row per map; ids count from 1."""

    day: IntArray
    series: IntArray
    number: IntArray
    best_of: IntArray
    map_id: IntArray
    teams: IntArray
    players: IntArray
    log_odds: FloatArray
    rounds: IntArray

    @classmethod
    def empty(cls) -> "_Maps":
        none = np.zeros(0, np.int64)
        pairs = np.zeros((0, 2), np.int64)
        return cls(none, none, none, none, none, pairs, np.zeros((0, 2, 5), np.int64), np.zeros(0), pairs)

    def take(self, index: IntArray | BoolArray) -> "_Maps":
        return _Maps(*(getattr(self, name)[index] for name in self.__slots__))


def _concatenated(parts: list[_Maps]) -> _Maps:
    return _Maps(*(np.concatenate([getattr(part, name) for part in parts]) for name in _Maps.__slots__))


@dataclass(slots=True)
class _World:
    """Rosters and strengths of a league at the beginning of a week."""

    talent: FloatArray  # (players,)
    form: FloatArray  # (players,)
    map_talent: FloatArray  # (players, maps)
    preparation: FloatArray  # (teams, maps)
    roster: IntArray  # (teams, 5) players, counting from 0
    reserves: IntArray

    def next_week(self, rng: np.random.Generator, p: LeagueParameters) -> None:
        """Move on a week: form and preparation drift, some teams replace a player."""
        self.form = _drifted(rng, self.form, p.form, p.form_days)
        self.preparation = _drifted(rng, self.preparation, p.preparation, p.preparation_days)
        for team in np.flatnonzero(rng.random(p.n_teams) < p.transfers).tolist():
            place, other = rng.integers(5), rng.integers(p.n_teams)
            leaving = self.roster[team, place]
            if len(self.reserves) and rng.random() < 0.5:
                seat = rng.integers(len(self.reserves))
                self.roster[team, place], self.reserves[seat] = self.reserves[seat], leaving
            elif other != team:
                other_place = rng.integers(5)
                joining = self.roster[other, other_place]
                self.roster[team, place], self.roster[other, other_place] = joining, leaving

    def strength(self) -> FloatArray:
        """Strength of every team on every map, shape (teams, maps)."""
        skill = (self.talent + self.form)[self.roster].mean(axis=1)
        strength: FloatArray = skill[:, None] + self.map_talent[self.roster].mean(axis=1) + self.preparation
        return strength


def _drifted(rng: np.random.Generator, value: FloatArray, deviation: float, days: float) -> FloatArray:
    """A week of an Ornstein-Uhlenbeck process with the given stationary deviation."""
    decay = np.exp(-WEEK / days)
    drifted: FloatArray = decay * value + deviation * np.sqrt(1.0 - decay**2) * rng.standard_normal(value.shape)
    return drifted


def _new_world(rng: np.random.Generator, p: LeagueParameters) -> _World:
    n_players = 5 * p.n_teams + p.n_reserves
    talent = p.talent * rng.standard_normal(n_players)
    talent[: 5 * p.n_teams] += np.repeat(p.team_talent * rng.standard_normal(p.n_teams), 5)
    return _World(
        talent=talent,
        form=p.form * rng.standard_normal(n_players),
        map_talent=p.map_talent * rng.standard_normal((n_players, N_MAPS)),
        preparation=p.preparation * rng.standard_normal((p.n_teams, N_MAPS)),
        roster=np.arange(5 * p.n_teams).reshape(p.n_teams, 5),
        reserves=np.arange(5 * p.n_teams, n_players),
    )


def _weeks(seed: int, first_day: int, last_day: int, p: LeagueParameters) -> Iterator[_Maps]:
    world = _new_world(np.random.default_rng([seed, 0]), p)
    for number, monday in enumerate(range(first_day, last_day + 1, WEEK)):
        rng = np.random.default_rng(
            [seed, number + 1]
        )  # one generator per week: a change in one week leaves the others as they are
        world.next_week(rng, p)
        yield _play_week(rng, world, monday, number * WEEK * p.series_per_day, p)


def active_maps(day: int) -> IntArray:
    """Maps of the pool on a day, counting from 0; each year another two of the nine are left out."""
    year = int(np.datetime64(day, "D").astype("datetime64[Y]").astype(np.int64))
    resting = {(2 * year) % N_MAPS, (2 * year + 1) % N_MAPS}
    return np.array([number for number in range(N_MAPS) if number not in resting])


def _play_week(rng: np.random.Generator, world: _World, monday: int, played: int, p: LeagueParameters) -> _Maps:
    n = WEEK * p.series_per_day
    strength = world.strength()
    teams = _pairings(rng, strength.mean(axis=1), n, p)
    best_of = rng.choice(BEST_OF, size=n, p=p.best_of_shares)
    maps = active_maps(monday)[_vetoes(rng, strength[:, active_maps(monday)][teams], best_of, p.veto_noise)]
    log_odds = strength[teams[:, 0, None], maps] - strength[teams[:, 1, None], maps]
    rounds = play_rounds(rng, log_odds.ravel()).reshape(n, 5, 2)
    is_played = _are_played(rounds[..., 0] > rounds[..., 1], best_of)
    series, place = np.nonzero(is_played)
    return _Maps(
        day=monday + series // p.series_per_day,
        series=played + series,
        number=place + 1,
        best_of=best_of[series],
        map_id=maps[series, place] + 1,
        teams=teams[series] + 1,
        players=world.roster[teams[series]] + 1,
        log_odds=log_odds[series, place],
        rounds=rounds[series, place],
    )


def _pairings(rng: np.random.Generator, strength: FloatArray, n: int, p: LeagueParameters) -> IntArray:
    """Opponents near each other in the ranking, sides at random, shape (n, 2)."""
    ranking = np.argsort(-strength)
    one = rng.integers(p.n_teams, size=n)
    distance = np.minimum(rng.geometric(1.0 / p.reach, size=n), p.n_teams - 1)
    other = np.where(one + distance < p.n_teams, one + distance, one - distance) % p.n_teams
    pairs = ranking[np.column_stack([one, other])]
    swap = rng.random(n) < 0.5
    sided: IntArray = np.where(swap[:, None], pairs[:, ::-1], pairs)
    return sided


def _vetoes(rng: np.random.Generator, strength: FloatArray, best_of: IntArray, noise: float) -> IntArray:
    """Choose the maps of each series in the order of play: both teams ban their worst, then pick their best in turns.

    Args:
        rng: Generator of the week.
        strength: Strength of both teams on the maps of the pool, shape (n, 2, pool).
        best_of: 1, 3 or 5 for each series, shape (n,).
        noise: Standard deviation of the error of both teams.

    Returns:
        Positions in the pool, shape (n, 5).
    """
    edge = strength[:, 0] - strength[:, 1] + noise * rng.standard_normal((len(strength), POOL_SIZE))
    ranked = np.argsort(edge, axis=1)  # the first is the worst for team 1, the last the worst for team 2
    left = ranked[:, 1:-1]
    return np.take_along_axis(left, _PLAY_ORDER[best_of], axis=1)


def _are_played(won: BoolArray, best_of: IntArray) -> BoolArray:
    """Whether each of five maps is played: until a side has won more than half of ``best_of``, shape (n, 5)."""
    needed = best_of // 2 + 1
    before = np.zeros((len(won), 1), np.int64)
    wins = np.hstack([before, np.cumsum(won, axis=1)[:, :-1]])
    losses = np.hstack([before, np.cumsum(~won, axis=1)[:, :-1]])
    undecided: BoolArray = (wins < needed[:, None]) & (losses < needed[:, None])
    return undecided
