"""Warnings about thin evidence behind a forecast."""

from functools import cache

import numpy as np

from cs2.forecasting.matches import UNKNOWN, MatchQuestions
from cs2.forecasting.model.features import Matchup, read_matchup
from cs2.forecasting.ratings.map_pool import active_maps
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.forecasting.ratings.update import SETTLED_MAPS

OLD_RATINGS_DAYS = 30


def warnings_by_map(snapshot: RatingSnapshot, questions: MatchQuestions, sides: Matchup) -> list[list[str]]:
    """Warnings of each map. Counted for all maps at once: one by one they took four fifths of a forecast's time."""
    state = snapshot.state
    lineup, known = sides.lineup, sides.has_lineup
    maps_played = state.player_maps[np.where(lineup < len(state.player_maps), lineup, 0)]
    newcomers = (maps_played < SETTLED_MAPS).sum(axis=2)
    latest = state.lineup[np.where(questions.team_ids < len(state.lineup), questions.team_ids, 0)]
    plays_for_team = (lineup[:, :, :, None] == latest[:, :, None, :]).any(axis=3)
    standins = np.where(latest[:, :, 0] != UNKNOWN, (~plays_for_team).sum(axis=2), 0)
    pool = active_maps(state, snapshot.as_of)
    in_pool = pool[np.where(questions.map_id < len(pool), questions.map_id, 0)] | (questions.map_id == UNKNOWN)
    sides_evidence = np.stack((known, newcomers, standins), axis=-1).tolist()
    ages = (questions.day - snapshot.as_of).tolist()
    knows_maps = state.knows_maps()
    return [
        [
            *_warn_of_side(1, *first),
            *_warn_of_side(2, *second),
            *_warn_of_map(knows_maps, is_in_pool),
            *([f"the ratings are {age} days older than the match"] if age > OLD_RATINGS_DAYS else ()),
        ]
        for (first, second), is_in_pool, age in zip(sides_evidence, in_pool.tolist(), ages, strict=True)
    ]


@cache
def _warn_of_side(side: int, is_known: int, newcomers: int, standins: int) -> tuple[str, ...]:
    if not is_known:
        return (f"team {side}: no lineup is known, the rating of the name is used",)
    new = (f"team {side}: {newcomers} of five with fewer than {SETTLED_MAPS} known maps",) if newcomers else ()
    return (*new, f"team {side}: {standins} of five did not play its latest map") if standins else new


def _warn_of_map(knows_maps: bool, is_in_pool: bool) -> tuple[str, ...]:
    if not knows_maps:
        return ("no map was ever rated: this is the chance to win the series, the same on every map",)
    return () if is_in_pool else ("the map is outside the active pool",)


def warnings_of_all(snapshot: RatingSnapshot, questions: MatchQuestions) -> list[str]:
    """Distinct warnings of several maps of the same two sides."""
    by_map = warnings_by_map(snapshot, questions, read_matchup(snapshot.state, questions))
    return list(dict.fromkeys(warning for warnings in by_map for warning in warnings))
