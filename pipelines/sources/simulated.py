"""Simulated league as a source, the offline default. Its rows have the columns of the archive."""

from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein

from cs2.calendar import day_number
from cs2.forecasting.simulation.league import DEFAULT, League, simulate_league
from cs2.settings import SourceName
from pipelines.sources.base import PublishedRows, RowKind
from pipelines.sources.row_keys import with_row_keys
from pipelines.spelling import SIMILAR, fold

SEED = 2026
FIRST_DAY = date(2023, 1, 2)
ANNOUNCED = timedelta(days=7)
"""How far ahead the league announces its matches."""

MAP_NAMES = ("Ancient", "Anubis", "Dust2", "Inferno", "Mirage", "Nuke", "Overpass", "Train", "Vertigo")

_SYLLABLES = "ba be bi bo bu da dre fa fi flo ga gri jo ka ki kra la li lo ma mi mo na ne ni no pa pe pri ra ri ro"
_SYLLABLES += " sa se si sko ta te ti tor tu va ve vi vo wo xa xe ya yo za ze zi zo"
_TEAM_WORDS = "Wolves Falcons Comets Pirates Titans Ravens Foxes Storm Legion Sharks Union Pilots"


def _names(n: int, rng: np.random.Generator) -> list[str]:
    """Invent names, none of which resembles another enough to count as its spelling."""
    syllables = _SYLLABLES.split()
    names: list[str] = []
    while len(names) < n:
        name = "".join(rng.choice(syllables, size=3))
        folded = fold(name)
        if all(Levenshtein.normalized_similarity(folded, fold(other)) <= SIMILAR for other in names):
            names.append(name)
    return names


@lru_cache(maxsize=4)
def league_names(seed: int) -> tuple[list[str], list[str]]:
    """Names of teams and nicknames of players; the index is the id − 1."""
    rng = np.random.default_rng([seed, 7_919])
    n_players = 5 * DEFAULT.n_teams + DEFAULT.n_reserves
    names = _names(DEFAULT.n_teams + n_players, rng)
    words = _TEAM_WORDS.split()
    teams = [f"{name.capitalize()} {words[i % len(words)]}" for i, name in enumerate(names[: DEFAULT.n_teams])]
    return teams, names[DEFAULT.n_teams :]


@lru_cache(maxsize=2)
def simulated_league(seed: int, today: date) -> League:
    """Simulate the league up to ``today``."""
    return simulate_league(seed, day_number(FIRST_DAY), day_number(today))


def _fixture_rows(league: League, seed: int, today: date) -> pd.DataFrame:
    """Rows of the series after ``today``. Each day they start hourly from 10:00 UTC."""
    day = day_number(today)
    first = np.unique(league.series_id, return_index=True)[1]
    first = first[league.history.day[first] > day]
    days = pd.Series(league.history.day[first].astype("datetime64[D]"))
    start = days + pd.Timedelta(hours=10) + pd.to_timedelta(days.groupby(days).cumcount(), unit="h")
    teams = np.array(league_names(seed)[0])[league.history.team_ids[first] - 1]
    return pd.DataFrame(
        {
            "date": days.dt.strftime("%Y-%m-%d"),
            "start_time": start.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "event": "Simulated League " + days.dt.strftime("%Y"),
            "best_of": league.history.best_of[first].astype(str),
            "team1": teams[:, 0],
            "team2": teams[:, 1],
            "row_key": league.series_id[first].astype(str),
            "month": today.replace(day=1).isoformat(),  # the partitions end with the running month
        }
    )


def league_frames(league: League, seed: int) -> dict[RowKind, pd.DataFrame]:
    """Rows of maps and series with the columns of the archive: text, and names instead of ids."""
    if len(league) == 0:
        return {}
    teams, players = (np.array(names) for names in league_names(seed))
    maps = _map_rows(league, teams, players)
    return {RowKind.MAP: maps, RowKind.SERIES: _series_rows(league, maps)}


def _map_rows(league: League, teams: np.ndarray, players: np.ndarray) -> pd.DataFrame:
    history = league.history
    lineups = [["|".join(sorted(side)) for side in sides] for sides in players[history.player_ids - 1].tolist()]
    return pd.DataFrame(
        {
            "date": history.day.astype("datetime64[D]").astype(str),
            "event": "Simulated League " + pd.Series(history.day.astype("datetime64[D]").astype(str)).str.slice(0, 4),
            "lan": "0",
            "best_of": history.best_of.astype(str),
            "map_number": league.map_number.astype(str),
            "map": np.array(MAP_NAMES)[history.map_id - 1],
            "team1": teams[history.team_ids[:, 0] - 1],
            "team2": teams[history.team_ids[:, 1] - 1],
            "score1": history.rounds[:, 0].astype(str),
            "score2": history.rounds[:, 1].astype(str),
            "score_exact": "1",
            "winner": np.where(history.team1_won, "1", "2"),
            "team1_players": [lineup1 for lineup1, _ in lineups],
            "team2_players": [lineup2 for _, lineup2 in lineups],
            "hltv_match_id": league.series_id.astype(str),
            "hltv_map_id": history.row_id.astype(str),
            "sources": "simulated",
        }
    )


def _series_rows(league: League, maps: pd.DataFrame) -> pd.DataFrame:
    """Rows of series, as Valve publishes them besides the maps."""
    share_won = pd.Series(league.history.team1_won).groupby(league.series_id).mean()
    rows = maps.drop_duplicates("hltv_match_id")
    columns = ["date", "team1", "team2", "team1_players", "team2_players", "lan"]
    winner = np.where(share_won.to_numpy() > 0.5, "1", "2")
    number = rows.groupby("date").cumcount().astype(str)
    return rows[columns].assign(winner=winner, number_on_day=number).reset_index(drop=True)


class SimulatedSource:
    """The simulated league up to today. A new day adds rows and changes no old one."""

    name = SourceName.SIMULATED

    def __init__(self, seed: int = SEED) -> None:
        self.seed = seed

    def published(self, today: date) -> PublishedRows:
        """Return the results up to ``today`` and the matches of the next week."""
        league = simulated_league(self.seed, today + ANNOUNCED)
        frames = league_frames(league.through(day_number(today)), self.seed)
        published = {kind: with_row_keys(frame, kind) for kind, frame in frames.items()}
        fixtures = _fixture_rows(league, self.seed, today)
        return PublishedRows({**published, RowKind.FIXTURE: fixtures} if len(fixtures) else published)

    def poll(self) -> None:
        """Do nothing: the league is computed."""

    def fingerprint(self, today: date) -> str | None:
        """Identify the league by seed and day."""
        return f"league {self.seed}; {today.isoformat()}"
