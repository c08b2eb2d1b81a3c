"""Usable map and series rows: who played, when, and with which rows a row is forecast and learned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cs2.forecasting.matches import IntArray
from pipelines.etl.decisions import Decision
from pipelines.etl.identify import People, PublishedMatch, Roster, Side, identify
from pipelines.etl.schedule import schedule_groups
from pipelines.etl.team_links import Identity

Rosters = tuple[Roster | None, Roster | None]


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One map or series row. Pairs are in the order of the row: team 1, team 2.

    Attributes:
        index: Index of the published row.
        day: Day number.
        teams: Both teams.
        named_teams: Both teams by their names alone, before names of one team were linked.
        rosters: Both rosters; None where unknown.
        winner: 1 or 2.
        forecast_teams: Both teams as known before the day was played.
        forecast_rosters: Both rosters as known before the day was played.
    """

    index: int
    day: int
    teams: tuple[Identity, Identity]
    named_teams: tuple[Identity, Identity]
    rosters: Rosters
    winner: int
    forecast_teams: tuple[Identity, Identity]
    forecast_rosters: Rosters

    def sides(self) -> Iterator[tuple[Identity, Roster | None]]:
        """Yield team and roster of each side."""
        yield from zip(self.teams, self.rosters, strict=True)

    def forecast_sides(self) -> Iterator[tuple[Identity, Roster | None]]:
        """Yield team and roster of each side as known before the day was played."""
        yield from zip(self.forecast_teams, self.forecast_rosters, strict=True)

    def with_rosters_of(self, other: "MatchRow") -> "MatchRow":
        """Fill unknown rosters with those of another row of the same match."""
        flips = other.is_flipped(self)
        pairs = ((self.rosters, other.rosters), (self.forecast_rosters, other.forecast_rosters))
        now, then = (
            without_shared_players((ours[0] or theirs[flips], ours[1] or theirs[1 - flips])) for ours, theirs in pairs
        )
        return replace(self, rosters=now, forecast_rosters=then)

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
        forecast_group: The same by the identities known before each day, shape (n,).
        forecast_day: First day of the forecast group, shape (n,).
        learn_day: Last day of the forecast group, shape (n,).
        people: Teams and players behind the rows.
    """

    n_maps: int
    rows: list[MatchRow]
    group: IntArray
    forecast_group: IntArray
    forecast_day: IntArray
    learn_day: IntArray
    people: People

    def predecessors(self, position: int) -> tuple[Identity | None, Identity | None]:
        """Return the teams that bore the names of both sides before; None unless the row is forecast before that team
        ever played.
        """
        first, second = (self._predecessor(team, position) for team in self.rows[position].forecast_teams)
        return first, second

    def _predecessor(self, team: Identity, position: int) -> Identity | None:
        first_day, predecessor = self.people.predecessors.get(team, (-1, None))
        return predecessor if self.forecast_day[position] <= first_day else None

    def by_day(self) -> list[int]:
        """Return the positions of the rows, ordered by day."""
        return sorted(range(len(self.rows)), key=lambda position: self.rows[position].day)


def identify_rows(
    maps: pd.DataFrame, series: pd.DataFrame, decisions: Sequence[Decision] = ()
) -> tuple[list[MatchRow], People]:
    """Resolve teams and players of all rows: map rows, then series rows.

    Args:
        maps: Typed map rows (:func:`pipelines.etl.parse.parse`).
        series: Typed series rows.
        decisions: Decisions of operators, ordered by day.
    """
    matches = [*_published_matches(maps, has_map=True), *_published_matches(series, has_map=False)]
    people = identify(matches, decisions)
    rows = [
        MatchRow(
            index=index,
            day=match.day,
            teams=(now[0].team, now[1].team),
            named_teams=(now[0].named_team, now[1].named_team),
            rosters=(now[0].roster, now[1].roster),
            forecast_teams=(then[0].team, then[1].team),
            forecast_rosters=(then[0].roster, then[1].roster),
            winner=match.winner,
        )
        for index, match, now, then in zip([*maps.index, *series.index], matches, people.now, people.then, strict=True)
    ]
    return rows, people


def schedule(
    rows: list[MatchRow], n_maps: int, people: People, *, spans: tuple[IntArray, IntArray] | None = None
) -> IdentifiedRows:
    """Group the rows of each pair of teams, and decide when each row is forecast and learned.

    Args:
        rows: Map rows, then series rows.
        n_maps: Number of map rows.
        people: Teams and players behind the rows.
        spans: First and last day number of each row, where sources publish different days.
    """
    days = np.array([row.day for row in rows], dtype=np.int64)
    labels = schedule_groups(days, _pair_keys([row.teams for row in rows]), _pair_keys([row.rosters for row in rows]))
    known = schedule_groups(
        days, _pair_keys([row.forecast_teams for row in rows]), _pair_keys([row.forecast_rosters for row in rows])
    )
    first, last = spans or (days, days)
    return IdentifiedRows(
        n_maps=n_maps,
        rows=rows,
        group=labels,
        forecast_group=known,
        forecast_day=pd.Series(first).groupby(known).transform("min").to_numpy(),
        learn_day=pd.Series(last).groupby(known).transform("max").to_numpy(),
        people=people,
    )


def without_shared_players(rosters: Rosters) -> Rosters:
    """Return the rosters, or both unknown if a player is on both sides."""
    first, second = rosters
    return (None, None) if first and second and set(first) & set(second) else rosters


def _published_matches(frame: pd.DataFrame, *, has_map: bool) -> Iterator[PublishedMatch]:
    """Yield what identities follow from. A lineup is unknown unless it has five players, none on the other side."""
    days = frame["day"].to_numpy(dtype="datetime64[D]").astype(np.int64).tolist()
    columns = [frame[f"team{side}{part}"] for part in ("", "_players") for side in (1, 2)]
    maps = frame["map"] if has_map else [""] * len(frame)
    match_ids = frame["hltv_match_id"] if has_map else [""] * len(frame)
    facts = zip(days, *columns, maps, frame["winner"], publishers(frame), match_ids, strict=True)
    for day, team1, team2, text1, text2, topic, winner, published_by, match_id in facts:
        first, second = (tuple(name for name in text.split("|") if name) for text in (text1, text2))
        if not set(first).isdisjoint(second):
            first, second = (), ()
        sides = tuple(
            Side(team, lineup if len(lineup) == len(set(lineup)) == 5 else ())
            for team, lineup in ((team1, first), (team2, second))
        )
        yield PublishedMatch(day, (sides[0], sides[1]), topic, int(winner), published_by, match_id)


def publishers(frame: pd.DataFrame) -> list[frozenset[str]]:
    """Return who published each row: the sources that an archive names, within the source that has the archive."""
    named = frame["sources"] if "sources" in frame else [""] * len(frame)
    return [
        frozenset(f"{rank}:{name}" for name in names.split("+"))
        for rank, names in zip(frame["source_rank"], named, strict=True)
    ]


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
