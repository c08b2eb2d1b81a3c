"""Usable map and series rows: who played, when, and with which rows a row is forecast and learned."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cs2.forecasting.matches import IntArray
from pipelines.etl.identify import Identity, People, Roster, identify
from pipelines.etl.schedule import MAX_GAP_DAYS, schedule_groups

Rosters = tuple[Roster | None, Roster | None]


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One map or series row. Pairs are in the order of the row: team 1, team 2.

    Attributes:
        index: Index of the published row.
        day: Day number.
        teams: Both teams.
        named_teams: Both teams by their spelling alone, before a name was joined to another team by its lineup.
        rosters: Both rosters; None where unknown.
        winner: 1 or 2.
    """

    index: int
    day: int
    teams: tuple[Identity, Identity]
    named_teams: tuple[Identity, Identity]
    rosters: Rosters
    winner: int

    def sides(self) -> Iterator[tuple[Identity, Roster | None]]:
        """Yield team and roster of each side."""
        yield from zip(self.teams, self.rosters, strict=True)

    @property
    def pair(self) -> tuple[Identity, Identity]:
        """Both teams, sorted."""
        first, second = self.teams
        return (first, second) if first <= second else (second, first)

    @property
    def players(self) -> frozenset[Identity]:
        """Players of both sides; empty unless both rosters are known."""
        first, second = self.rosters
        return frozenset((*first, *second)) if first and second else frozenset()

    @property
    def winning_team(self) -> Identity:
        """The team that won."""
        return self.teams[self.winner - 1]

    @property
    def winning_players(self) -> frozenset[Identity]:
        """Players of the winning side; empty where unknown."""
        return frozenset(self.rosters[self.winner - 1] or ())

    def is_flipped(self, other: "MatchRow") -> bool:
        """Whether team 1 is team 2 of another row of the same match; lineups decide if no team agrees."""
        (one, two), (first, second) = self.teams, other.teams
        if one in (first, second) or two in (first, second):
            return one == second or two == first
        roster = set(self.rosters[0] or ())
        shared = [len(roster & set(candidate or ())) for candidate in other.rosters]
        return shared[1] > shared[0]

    def agrees_with(self, other: "MatchRow") -> bool:
        """Whether both rows of the same match name the same winner."""
        return (self.winner == other.winner) != self.is_flipped(other)


@dataclass(frozen=True, slots=True)
class IdentifiedRows:
    """Map rows followed by series rows, with their schedule.

    Attributes:
        n_maps: Number of map rows.
        rows: The rows.
        group: Label of the schedule group of each row, shape (n,).
        forecast_day: First day of that group, shape (n,).
        learn_day: Last day of that group, shape (n,).
        people: Teams and players behind the rows.
    """

    n_maps: int
    rows: list[MatchRow]
    group: IntArray
    forecast_day: IntArray
    learn_day: IntArray
    people: People

    def by_day(self) -> list[int]:
        """Return the positions of the rows, ordered by day."""
        return sorted(range(len(self.rows)), key=lambda position: self.rows[position].day)


def identify_rows(
    maps: pd.DataFrame, series: pd.DataFrame, *, spans: tuple[IntArray, IntArray] | None = None
) -> IdentifiedRows:
    """Resolve teams and players of all rows, and build their schedule.

    Args:
        maps: Typed map rows (:func:`pipelines.etl.parse.parse`).
        series: Typed series rows.
        spans: First and last day number of each row, where sources publish different days.
    """
    columns = ["day", "team1", "team2", "team1_players", "team2_players", "winner"]
    frame = pd.concat([maps[columns], series[columns]], ignore_index=True)
    frame["day"] = frame["day"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    people = identify(_sides(frame))
    rows = _join_names_by_lineup(_match_rows([*maps.index, *series.index], frame, people), len(maps))
    days = frame["day"].to_numpy(dtype=np.int64)
    labels = schedule_groups(days, _pair_keys([row.teams for row in rows]), _pair_keys([row.rosters for row in rows]))
    first, last = spans or (days, days)
    return IdentifiedRows(
        n_maps=len(maps),
        rows=rows,
        group=labels,
        forecast_day=pd.Series(first).groupby(labels).transform("min").to_numpy(),
        learn_day=pd.Series(last).groupby(labels).transform("max").to_numpy(),
        people=people,
    )


def without_shared_players(rosters: Rosters) -> Rosters:
    """Return the rosters, or both unknown if a player is on both sides."""
    first, second = rosters
    return (None, None) if first and second and set(first) & set(second) else rosters


def _sides(frame: pd.DataFrame) -> pd.DataFrame:
    """Team 1 of every row, then team 2 of every row, as :func:`identify` expects them.

    A lineup is unknown unless it has five different players, none of them also on the other side.
    """
    lineups: tuple[list[str], list[str]] = ([], [])
    for texts in zip(frame["team1_players"], frame["team2_players"], strict=True):
        first, second = ([name for name in text.split("|") if name] for text in texts)
        overlap = not set(first).isdisjoint(second)
        for column, names in zip(lineups, (first, second), strict=True):
            is_valid = not overlap and len(names) == len(set(names)) == 5
            column.append("|".join(names) if is_valid else "")
    sides = [
        pd.DataFrame({"day": frame["day"], "team": frame[team], "lineup": lineup})
        for team, lineup in zip(("team1", "team2"), lineups, strict=True)
    ]
    return pd.concat(sides, ignore_index=True)


def _match_rows(indices: list[int], frame: pd.DataFrame, people: People) -> list[MatchRow]:
    n_rows = len(frame)
    teams = list(zip(people.teams[:n_rows], people.teams[n_rows:], strict=True))
    rosters = map(without_shared_players, zip(people.rosters[:n_rows], people.rosters[n_rows:], strict=True))
    days, winners = frame["day"].tolist(), frame["winner"].tolist()
    return [
        MatchRow(index=index, day=day, teams=pair, named_teams=pair, rosters=known, winner=winner)
        for index, day, pair, known, winner in zip(indices, days, teams, rosters, winners, strict=True)
    ]


def _join_names_by_lineup(rows: list[MatchRow], n_maps: int) -> list[MatchRow]:
    """Join a name that only series use to the team whose maps the same five play within a day, by majority."""
    on_maps = {team for row in rows[:n_maps] for team in row.teams}
    fielded: dict[tuple[Roster, int], set[Identity]] = defaultdict(set)
    for row in rows[:n_maps]:
        for team, roster in row.sides():
            if roster:
                fielded[roster, row.day].add(team)
    votes: dict[Identity, Counter[Identity]] = defaultdict(Counter)
    for row in rows[n_maps:]:
        for team, roster in row.sides():
            if roster and team not in on_maps:
                for gap in range(-MAX_GAP_DAYS, MAX_GAP_DAYS + 1):
                    votes[team].update(fielded.get((roster, row.day + gap), ()))
    renamed = {team: min(count, key=lambda other: (-count[other], other)) for team, count in votes.items() if count}
    for row in rows:
        first, second = row.teams
        if renamed.get(first, first) == renamed.get(second, second):  # opponents: two teams after all
            renamed.pop(first, None)
            renamed.pop(second, None)
    return [_renamed(row, renamed) for row in rows]


def _renamed(row: MatchRow, renamed: dict[Identity, Identity]) -> MatchRow:
    first, second = row.teams
    if first not in renamed and second not in renamed:
        return row
    return replace(row, teams=(renamed.get(first, first), renamed.get(second, second)))


def _pair_keys(pairs: Sequence[tuple[Any, Any]]) -> pd.Series:
    """Number pairs: equal for the same two sides in either order, missing where a side is unknown."""
    codes: dict[object, int] = {}
    keys: list[int | None] = []
    for first, second in pairs:
        if first is None or second is None:
            keys.append(None)
        else:
            pair = (first, second) if first <= second else (second, first)
            keys.append(codes.setdefault(pair, len(codes)))
    return pd.Series(keys, dtype="Int64")
