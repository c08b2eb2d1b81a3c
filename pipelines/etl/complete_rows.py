"""Complete a row that is kept with the facts of the rows that repeat it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cs2.forecasting.matches import BoolArray
from pipelines.etl.match_rows import MatchRow

SINGLE_FACTS = ("event", "lan", "start_time", "best_of", "map_number")
"""Facts of a match that a row without them takes from its duplicate."""

SIDE_FACTS = ("players", "rank", "points")
"""Facts of either side, likewise."""

TEXT_FACTS = ("event", "lan", "start_time", "players")
"""Endings of the columns that are text, where empty means unknown."""

ROUNDS = ["score1", "score2"]


@dataclass(frozen=True)
class Duplicate:
    """A row that repeats a row of an earlier source.

    Attributes:
        position: Position of the row.
        kept: Position of the row it repeats.
        row: The row.
        original: The row it repeats.
    """

    position: int
    kept: int
    row: MatchRow
    original: MatchRow

    @cached_property
    def is_flipped(self) -> bool:
        """Whether it names the two teams in the other order."""
        return self.row.is_flipped(self.original)

    @cached_property
    def agrees(self) -> bool:
        """Whether both name the same winner."""
        return self.row.agrees_with(self.original)

    def adds_lineup(self, side: int) -> bool:
        """Whether it has the lineup of a side (0 or 1, as in the original) that the original lacks."""
        rosters = self.row.rosters[::-1] if self.is_flipped else self.row.rosters
        return self.original.rosters[side] is None and rosters[side] is not None


def complete(frame: pd.DataFrame, duplicates: list[Duplicate], *, offset: int = 0) -> pd.DataFrame:
    """Fill the facts that kept rows lack with those of their duplicates.

    A lineup replaces one that is unusable. Rounds are filled together, and only from a row with the same winner.

    Args:
        frame: Typed rows.
        duplicates: Their duplicates; the positions in ``frame`` follow after subtracting ``offset``.
        offset: Position of the first row of ``frame``.
    """
    remaining = list(duplicates)
    while remaining:  # one duplicate of each row at a time: one round for each further source
        batch = list({each.kept: each for each in reversed(remaining)}.values())
        frame = _complete_once(frame, batch, offset)
        chosen = {each.position for each in batch}
        remaining = [each for each in remaining if each.position not in chosen]
    return frame


def _complete_once(frame: pd.DataFrame, duplicates: list[Duplicate], offset: int) -> pd.DataFrame:
    places, donor_places = ([place - offset for place in each] for each in _positions(duplicates))
    kept, donors = _facts(frame.iloc[places]), _facts(frame.iloc[donor_places])
    donors = _flip(donors, np.array([each.is_flipped for each in duplicates])).set_axis(kept.index)
    for side, column in enumerate(("team1_players", "team2_players")):
        adds = np.array([each.adds_lineup(side) for each in duplicates])
        kept[column] = kept[column].mask(adds)
        donors[column] = donors[column].where(adds)
    result = frame.copy()
    if set(ROUNDS) <= set(frame.columns):
        agrees = np.array([each.agrees for each in duplicates])
        fills = kept[ROUNDS].isna().all(axis=1).to_numpy(dtype=bool) & agrees
        donors.loc[~fills, ROUNDS] = pd.NA
        exact = frame["score_exact"].to_numpy(copy=True)
        exact[np.array(places)[fills]] = exact[np.array(donor_places)[fills]]
        result["score_exact"] = exact
    filled = kept.combine_first(donors)
    for name in map(str, kept):
        values = filled[name].fillna("") if name.endswith(TEXT_FACTS) else filled[name]
        result.loc[kept.index, name] = values.astype(frame[name].dtype)
    return result


def _positions(duplicates: list[Duplicate]) -> tuple[list[int], list[int]]:
    return [each.kept for each in duplicates], [each.position for each in duplicates]


def _facts(frame: pd.DataFrame) -> pd.DataFrame:
    """The facts that can be filled, missing instead of empty."""
    sides = [f"team{side}_{fact}" for side in (1, 2) for fact in SIDE_FACTS]
    facts = frame[[name for name in (*SINGLE_FACTS, *sides, *ROUNDS) if name in frame]]
    return facts.assign(
        **{name: facts[name].mask(facts[name] == "") for name in map(str, facts) if name.endswith(TEXT_FACTS)}
    )


def _flip(facts: pd.DataFrame, is_flipped: BoolArray) -> pd.DataFrame:
    """Exchange the two sides of some rows."""
    other = {name: name.translate(str.maketrans("12", "21")) for name in map(str, facts)}
    flipped = facts[is_flipped].rename(columns=other)[facts.columns]
    return pd.concat([facts[~is_flipped], flipped]).loc[facts.index]
