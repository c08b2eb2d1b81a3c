"""From typed rows to linked rows: identities, lineups, the schedule, and which series row belongs to which maps."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from cs2.forecasting.matches import IntArray
from pipelines.etl.identify import Identity, People, Sides, identify
from pipelines.etl.schedule import (
    MAX_GAP_DAYS,
    PlayedSeries,
    SeriesRow,
    by_group,
    copies,
    join_series_to_maps,
    schedule_groups,
)

Roster = tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Usable map rows and series rows, in this order, who played them and when.

    Attributes:
        n_maps: The first so many rows are maps, the rest series.
        index: Index of the published row, shape (n,).
        day: Day number, shape (n,).
        group: Label of the row's schedule group, shape (n,).
        forecast_day: First day of the group, shape (n,).
        learn_day: Last day of it, shape (n,).
        teams: Both teams of each row, in the row's order.
        named: The same before names were joined by lineup: what the spelling stands for.
        rosters: Both lineups of each row; None where unknown.
        winners: 1 or 2.
        people: The identities behind them.
    """

    n_maps: int
    index: list[int]
    day: IntArray
    group: IntArray
    forecast_day: IntArray
    learn_day: IntArray
    teams: list[tuple[Identity, Identity]]
    named: list[tuple[Identity, Identity]]
    rosters: list[tuple[Roster | None, Roster | None]]
    winners: list[int]
    people: People


@dataclass(frozen=True, slots=True)
class LinkedRows(Rows):
    """Rows, and how they belong together.

    Attributes:
        series: What tells the row's series apart: equal for the rows of one series.
        copy_of: For a series row that repeats another one: position of that row.
    """

    series: list[str]
    copy_of: dict[int, int]


def who_played(maps: pd.DataFrame, series: pd.DataFrame, *, spans: tuple[IntArray, IntArray] | None = None) -> Rows:
    """Decide identities and schedule of all rows.

    Args:
        maps: Typed map rows (:func:`pipelines.etl.parse.parse`).
        series: Typed series rows.
        spans: First and last day number of each row, where sources tell different days.
    """
    rows = pd.concat([_matchups(maps), _matchups(series)], ignore_index=True)
    people = identify(_sides(rows))
    named, rosters = _by_row(people, len(rows))
    teams = _with_names_joined_by_lineup(named, rosters, rows["day"].to_numpy(), len(maps))
    day = rows["day"].to_numpy(dtype=np.int64)
    labels = schedule_groups(day, _pair_keys(teams), _pair_keys(rosters))
    earliest, latest = spans or (day, day)
    first = pd.Series(earliest).groupby(labels).transform("min").to_numpy()
    last = pd.Series(latest).groupby(labels).transform("max").to_numpy()
    return Rows(
        n_maps=len(maps),
        index=[*maps.index.tolist(), *series.index.tolist()],
        day=day,
        group=labels,
        forecast_day=first,
        learn_day=last,
        teams=teams,
        named=named,
        rosters=rosters,
        winners=rows["winner"].tolist(),
        people=people,
    )


def link(rows: Rows, maps: pd.DataFrame, series: pd.DataFrame) -> LinkedRows:
    """Decide which rows are one series.

    Args:
        rows: Who played.
        maps: The map rows among them.
        series: The series rows among them.
    """
    names, copy_of = _series_of_rows(maps, series, rows.day, rows.teams, rows.rosters, rows.winners, rows.group)
    known = {attribute.name: getattr(rows, attribute.name) for attribute in fields(Rows)}
    return LinkedRows(**known, series=names, copy_of=copy_of)


def rosters_told_before(rows: Rows) -> list[tuple[Roster | None, Roster | None]]:
    """Both lineups of each row; those that a map does not tell are what all rows of its schedule group agree on.

    The schedule alone says so: which of them are the map's own series follows from results.
    """
    told: dict[tuple[int, Identity], set[Roster]] = defaultdict(set)
    groups = rows.group.tolist()
    for group, teams, rosters in zip(groups, rows.teams, rows.rosters, strict=True):
        for team, roster in zip(teams, rosters, strict=True):
            if roster:
                told[group, team].add(roster)

    def lineup(group: int, team: Identity, roster: Roster | None) -> Roster | None:
        agreed = told.get((group, team), ())
        return next(iter(agreed)) if roster is None and len(agreed) == 1 else roster

    n = rows.n_maps
    pairs = [
        (lineup(group, teams[0], rosters[0]), lineup(group, teams[1], rosters[1]))
        for group, teams, rosters in zip(groups[:n], rows.teams[:n], rows.rosters[:n], strict=True)
    ]
    clean = [(None, None) if one and two and set(one) & set(two) else (one, two) for one, two in pairs]
    return clean + rows.rosters[n:]


def _matchups(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["team1", "team2", "team1_players", "team2_players", "winner"]
    days = frame["day"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    return frame[columns].assign(day=days)


def _sides(rows: pd.DataFrame) -> Sides:
    """One line a side; a lineup of other than five different players, or with a player on both sides, is unknown."""
    lineups = []
    for first, second in zip(rows["team1_players"], rows["team2_players"], strict=True):
        ours, theirs = (tuple(name for name in text.split("|") if name) for text in (first, second))
        clash = bool(set(ours) & set(theirs))
        lineups.append(
            [
                "" if clash or len(set(side)) != len(side) or len(side) != 5 else "|".join(side)
                for side in (ours, theirs)
            ]
        )
    both = pd.DataFrame(lineups, columns=["first", "second"], index=rows.index)
    sides = [
        pd.DataFrame({"day": rows["day"], "team": rows[team], "lineup": both[column]})
        for team, column in (("team1", "first"), ("team2", "second"))
    ]
    return Sides(pd.concat(sides, ignore_index=True))


def _by_row(
    people: People, n_rows: int
) -> tuple[list[tuple[Identity, Identity]], list[tuple[Roster | None, Roster | None]]]:
    teams = [(people.team[row], people.team[n_rows + row]) for row in range(n_rows)]
    rosters = [(people.lineup[row], people.lineup[n_rows + row]) for row in range(n_rows)]
    clean = [
        (None, None) if first and second and set(first) & set(second) else (first, second) for first, second in rosters
    ]
    return teams, clean


def _with_names_joined_by_lineup(
    teams: list[tuple[Identity, Identity]],
    rosters: list[tuple[Roster | None, Roster | None]],
    days: IntArray,
    n_maps: int,
) -> list[tuple[Identity, Identity]]:
    """A name that only series use is the team of the maps that the same five play within a day, where most agree."""
    on_maps = {team for pair in teams[:n_maps] for team in pair}
    fielded: dict[tuple[Roster, int], set[Identity]] = defaultdict(set)
    for row in range(n_maps):
        for team, roster in zip(teams[row], rosters[row], strict=True):
            if roster:
                fielded[roster, int(days[row])].add(team)
    votes: dict[Identity, Counter[Identity]] = defaultdict(Counter)
    for row in range(n_maps, len(teams)):
        for team, roster in zip(teams[row], rosters[row], strict=True):
            if roster and team not in on_maps:
                for gap in range(-MAX_GAP_DAYS, MAX_GAP_DAYS + 1):
                    votes[team].update(fielded.get((roster, int(days[row]) + gap), ()))
    renamed = {team: min(count, key=lambda other: (-count[other], other)) for team, count in votes.items() if count}
    for first, second in teams:
        if renamed.get(first, first) == renamed.get(second, second):  # they met: two teams after all
            renamed.pop(first, None)
            renamed.pop(second, None)
    return [(renamed.get(first, first), renamed.get(second, second)) for first, second in teams]


def _pair_keys(pairs: Sequence[tuple[Any, Any]]) -> pd.Series:
    """Equal for the same two sides in either order; missing where a side is unknown."""
    codes: dict[object, int] = {}
    keys: list[int | None] = []
    for first, second in pairs:
        if first is None or second is None:
            keys.append(None)
        else:
            pair = (first, second) if first <= second else (second, first)
            keys.append(codes.setdefault(pair, len(codes)))
    return pd.Series(keys, dtype="Int64")


def _series_of_rows(
    maps: pd.DataFrame,
    series: pd.DataFrame,
    day: IntArray,
    teams: list[tuple[Identity, Identity]],
    rosters: list[tuple[Roster | None, Roster | None]],
    winners: list[int],
    labels: IntArray,
) -> tuple[list[str], dict[int, int]]:
    """Name of each row's series, and the copies among the series rows."""
    n_maps = len(maps)
    match_ids = maps["hltv_match_id"].tolist()
    events = maps["event"].tolist()
    keys = [*maps["row_key"].tolist(), *series["row_key"].tolist()]
    names: list[str] = [""] * len(keys)
    copy_of: dict[int, int] = {}
    for group in by_group(labels).values():
        played: dict[object, list[int]] = defaultdict(list)
        for row in group:
            if row < n_maps:
                told = match_ids[row] or (int(day[row]), tuple(sorted(teams[row])), events[row])
                played[told].append(row)
        called = {told: "maps:" + min(keys[row] for row in rows) for told, rows in played.items()}
        for told, rows in played.items():
            for row in rows:
                names[row] = called[told]
        published = [_series_row(row, day, teams, rosters, winners) for row in group if row >= n_maps]
        known = [_played(told, rows, day, teams, rosters, winners) for told, rows in played.items()]
        joined = join_series_to_maps(published, known)
        repeats = copies(published, joined)
        for told_series in published:
            row = told_series.index
            names[row] = called[joined[row]] if row in joined else "series:" + keys[row]
        for index, original in repeats.items():
            names[index] = names[original]
        copy_of |= repeats
    return names, copy_of


def _series_row(
    row: int,
    day: IntArray,
    teams: list[tuple[Identity, Identity]],
    rosters: list[tuple[Roster | None, Roster | None]],
    winners: list[int],
) -> SeriesRow:
    first, second = rosters[row]
    return SeriesRow(
        index=row,
        day=int(day[row]),
        teams=_sorted_pair(teams[row]),
        players=frozenset((*first, *second)) if first and second else frozenset(),
        winner=teams[row][winners[row] - 1],
        winners_players=frozenset(rosters[row][winners[row] - 1] or ()),
    )


def _played(
    told: object,
    rows: list[int],
    day: IntArray,
    teams: list[tuple[Identity, Identity]],
    rosters: list[tuple[Roster | None, Roster | None]],
    winners: list[int],
) -> PlayedSeries:
    won = Counter(teams[row][winners[row] - 1] for row in rows).most_common()
    first, second = next((rosters[row] for row in rows if all(rosters[row])), (None, None))
    return PlayedSeries(
        key=told,
        days=(int(min(day[rows])), int(max(day[rows]))),
        teams=_sorted_pair(teams[rows[0]]),
        players=frozenset((*first, *second)) if first and second else frozenset(),
        winner=won[0][0] if len(won) == 1 or won[0][1] > won[1][1] else None,
    )


def _sorted_pair(pair: tuple[Identity, Identity]) -> tuple[Identity, Identity]:
    return pair if pair[0] <= pair[1] else (pair[1], pair[0])
