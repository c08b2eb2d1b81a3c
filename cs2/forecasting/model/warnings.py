"""Warnings about thin evidence behind a forecast."""

from functools import cache

import numpy as np

from cs2.forecasting.matches import UNKNOWN, MatchQuestions
from cs2.forecasting.model.features import Matchup, read_matchup
from cs2.forecasting.ratings.map_pool import active_maps
from cs2.forecasting.ratings.parameters import SETTLED_MAPS
from cs2.forecasting.ratings.snapshot import RatingSnapshot

OLD_RATINGS_DAYS = 30


def warnings_by_map(snapshot: RatingSnapshot, fixtures: MatchQuestions, sides: Matchup) -> list[list[str]]:
    """Warnings of each map, counted for all maps at once: map by map they took four fifths of a forecast's time."""
    state = snapshot.state
    lineup, known = sides.lineup, sides.has_lineup
    maps_played = state.player_maps[np.where(lineup < len(state.player_maps), lineup, 0)]
    newcomers = (maps_played < SETTLED_MAPS).sum(axis=2)
    latest = state.lineup[np.where(fixtures.team_ids < len(state.lineup), fixtures.team_ids, 0)]
    plays = (lineup[:, :, :, None] == latest[:, :, None, :]).any(axis=3)
    standins = np.where(latest[:, :, 0] != UNKNOWN, (~plays).sum(axis=2), 0)
    pool = active_maps(state, snapshot.as_of)
    in_pool = pool[np.where(fixtures.map_id < len(pool), fixtures.map_id, 0)] | (fixtures.map_id == UNKNOWN)
    of_sides = np.stack((known, newcomers, standins), axis=-1).tolist()
    ages = (fixtures.day - snapshot.as_of).tolist()
    knows_maps = state.knows_maps()
    return [
        [
            *_of_side(1, *first),
            *_of_side(2, *second),
            *_of_map(knows_maps, is_in_pool),
            *([f"the ratings are {age} days older than the match"] if age > OLD_RATINGS_DAYS else ()),
        ]
        for (first, second), is_in_pool, age in zip(of_sides, in_pool.tolist(), ages, strict=True)
    ]


@cache
def _of_side(side: int, is_known: int, newcomers: int, standins: int) -> tuple[str, ...]:
    if not is_known:
        return (f"team {side}: no lineup is known, the rating of the name is used",)
    new = (f"team {side}: {newcomers} of five with fewer than {SETTLED_MAPS} known maps",) if newcomers else ()
    return (*new, f"team {side}: {standins} of five did not play its latest map") if standins else new


def _of_map(knows_maps: bool, is_in_pool: bool) -> tuple[str, ...]:
    if not knows_maps:
        return ("no map was ever rated: this is the chance to win the series, the same on every map",)
    return () if is_in_pool else ("the map is outside the active pool",)


def warnings_of_all(snapshot: RatingSnapshot, fixtures: MatchQuestions) -> list[str]:
    """Warnings of several maps of the same two sides, each once."""
    found = warnings_by_map(snapshot, fixtures, read_matchup(snapshot.state, fixtures))
    return list(dict.fromkeys(warning for of_map in found for warning in of_map))
