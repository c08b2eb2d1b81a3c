"""Valve's public standings: series with both lineups, and the standings themselves. No maps, no best-of.

Every standings list the series of the last half year, so a series appears in several of them. Its day and its ten
players identify it. Valve renames past series with their teams, so the first standings that list a series name it.
"""

import logging
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import pandas as pd

from cs2.settings import SourceName
from pipelines.sources.base import PublishedRows, RowKind, SourceError
from pipelines.sources.git import Checkout
from pipelines.sources.valve_pages import RosterPage, SeriesSide, day_of, parse_page

log = logging.getLogger(__name__)

FOLDER = "live"
SAME_ROSTER = 3
"""Players that a lineup must share with a roster to play for it: Valve's rule for a roster that changes."""

Lineup = tuple[str, ...]
SeriesKey = tuple[str, Lineup, Lineup]
"""Day of play and both lineups in ascending order: identifies a series, except two of one day."""


@dataclass(frozen=True, slots=True)
class ListedSeries:
    """A series as one of the standings lists it. Names and winner are in the order of the lineups of its key.

    Attributes:
        match_id: Number of the series in these standings.
        teams: Both names.
        winner: 1 or 2; empty if the two pages contradict each other.
    """

    match_id: int
    teams: tuple[str, str]
    winner: str


@dataclass(slots=True)
class AllStandings:
    """All standings added so far, in the order of their days.

    Attributes:
        first_names: Names of the teams in the first standings that list the series.
        series: The series of a key, from the standings that list most of them; the latest if several do. (Standings
            whose half year begins on that day may list only some.)
        pages: Pages by day of the standings.
        n_one_sided: Number of listed series that only one roster's page has. They are left out.
    """

    first_names: dict[SeriesKey, tuple[str, str]] = field(default_factory=dict)
    series: dict[SeriesKey, list[ListedSeries]] = field(default_factory=dict)
    pages: dict[str, list[RosterPage]] = field(default_factory=dict)
    n_one_sided: int = 0

    def add(self, day: str, pages: list[RosterPage]) -> None:
        """Add standings that are newer than all others."""
        self.pages[day] = pages
        sides_by_id: dict[int, list[SeriesSide]] = defaultdict(list)
        for page in pages:
            for side in page.sides:
                sides_by_id[side.match_id].append(side)
        listed_by_key: dict[SeriesKey, list[ListedSeries]] = defaultdict(list)
        for match_id in sorted(sides_by_id, reverse=True):  # the oldest first
            sides = sorted(sides_by_id[match_id], key=lambda side: side.lineup)
            if len(sides) != 2:
                self.n_one_sided += 1
                continue
            one, other = sides
            do_agree = one.day == other.day and one.won != other.won
            winner = ("1" if one.won else "2") if do_agree else ""
            listed = ListedSeries(match_id, (one.team, other.team), winner)
            listed_by_key[one.day, one.lineup, other.lineup].append(listed)
        for key, listed_series in listed_by_key.items():
            self.first_names.setdefault(key, listed_series[0].teams)
            if len(listed_series) >= len(self.series.get(key, ())):
                self.series[key] = listed_series


def collect_standings(files: Iterable[tuple[str, str]]) -> AllStandings:
    """Parse all standings of a repository.

    Older standings of another layout are left out, with a warning in the log.

    Args:
        files: Path and text of the files in the order of their paths, which is the order of the days.

    Raises:
        SourceError: If there are no standings, or the newest cannot be parsed.
    """
    pages = ((day_of(path), path, text) for path, text in files)
    standings = AllStandings()
    problem: SourceError | None = None
    for day, pages_of_day in groupby(pages, key=lambda page: page[0]):
        if day is None:
            continue
        if problem is not None:
            log.warning("older standings are left out: %s", problem)
        try:
            parsed = [parse_page(path, text) for _, path, text in pages_of_day]
        except SourceError as error:
            problem = error
        else:
            problem = None
            standings.add(day, parsed)
    if problem is not None:
        raise problem
    if not standings.pages:
        raise SourceError(f"the repository has no page {FOLDER}/YYYY/details/YYYY_MM_DD/*.md")
    return standings


def build_frames(standings: AllStandings) -> dict[RowKind, pd.DataFrame]:
    """Rows of series and standings with the columns of the archive."""
    series = pd.DataFrame(_series_rows(standings))
    return {RowKind.SERIES: series, RowKind.STANDING: pd.DataFrame(_standing_rows(standings))}


def _series_rows(standings: AllStandings) -> Iterator[dict[str, str]]:
    days = list(standings.pages)
    ranks_by_day = {day: RosterRanks(pages) for day, pages in standings.pages.items()}
    for key, listed_series in sorted(standings.series.items()):
        n_before = bisect_left(days, key[0])  # standings of the day itself may include the result
        ranks = ranks_by_day[days[n_before - 1]] if n_before else RosterRanks([])
        for number, listed in enumerate(listed_series):
            yield _series_row(key, number, listed, standings.first_names[key], ranks)


def _series_row(
    key: SeriesKey, number: int, listed: ListedSeries, names: tuple[str, str], ranks: "RosterRanks"
) -> dict[str, str]:
    """Row of a series. Team 1 is the first by name."""
    day, *lineups = key
    players = ["|".join(lineup) for lineup in lineups]
    ranks_and_points = [ranks.rank_and_points(lineup, name) for lineup, name in zip(lineups, names, strict=True)]
    order = (0, 1) if names[0].casefold() <= names[1].casefold() else (1, 0)
    winner = listed.winner and str(order.index(int(listed.winner) - 1) + 1)
    row = {"date": day, "winner": winner, "number_on_day": str(number)}
    for side, index in enumerate(order, start=1):
        row[f"team{side}"] = names[index]
        row[f"team{side}_players"] = players[index]
        row[f"team{side}_rank"], row[f"team{side}_points"] = ranks_and_points[index]
    row["row_key"] = "/".join([day, *players, *([str(number + 1)] if number else [])])
    row["month"] = day[:8] + "01"
    return row


def _standing_rows(standings: AllStandings) -> Iterator[dict[str, str]]:
    for day, pages in standings.pages.items():
        for page in pages:
            roster = "|".join(page.roster)
            yield {
                "date": day,
                "team": page.team,
                "roster": roster,
                "rank": page.rank,
                "points": page.points,
                "starting_points": page.starting_points,
                "region": page.region,
                "row_key": f"{day}|{roster}",
                "month": day[:8] + "01",
            }


class RosterRanks:
    """Rank and points of the rosters in one of the standings, by lineup."""

    def __init__(self, pages: list[RosterPage]) -> None:
        self._pages_by_player: dict[str, list[RosterPage]] = defaultdict(list)
        for page in pages:
            for player in page.roster:
                self._pages_by_player[player].append(page)

    def rank_and_points(self, lineup: Lineup, team: str) -> tuple[str, str]:
        """Return rank and points of the roster that shares most players with a lineup. Empty below three players.

        Among rosters that share equally many, the one with the team's name comes first, then the better rank.
        """
        pages = {id(page): page for player in lineup for page in self._pages_by_player.get(player, ())}.values()
        candidates: dict[tuple[int, bool, int], RosterPage] = {}
        for page in pages:
            n_shared = len(set(page.roster) & set(lineup))
            candidates[n_shared, page.team == team, -int(page.rank)] = page
        if not candidates or max(candidates)[0] < SAME_ROSTER:
            return "", ""
        best = candidates[max(candidates)]
        return best.rank, best.points


@lru_cache(maxsize=1)  # the sensor reads the same commit many times
def _load_frames(repository: Path, commit: str) -> dict[RowKind, pd.DataFrame]:
    standings = collect_standings(Checkout(repository).read_files(commit, FOLDER))
    log.info("%d standings, %d series listed by one roster only", len(standings.pages), standings.n_one_sided)
    return build_frames(standings)


class ValveSource:
    """The repository of Valve's standings."""

    name = SourceName.VALVE

    def __init__(self, repository: Checkout) -> None:
        self.repository = repository

    def poll(self) -> None:
        """Pull the repository, where a pull is due.

        Raises:
            SourceError: If the last pull failed, now or earlier.
        """
        self.repository.pull()

    def fingerprint(self, today: date) -> str | None:
        """Identify the commit and the day.

        Raises:
            SourceError: If the repository cannot be read.
        """
        return f"{self.repository.head_commit()}; {today.isoformat()}"

    def published(self, today: date) -> PublishedRows:
        """Return the series played and the standings published up to ``today``. Clone the repository if necessary.

        Raises:
            SourceError: If the repository cannot be read.
        """
        self.repository.prepare()
        frames = _load_frames(self.repository.folder, self.repository.head_commit())
        until_today = {kind: frame[frame["date"] <= today.isoformat()] for kind, frame in frames.items() if len(frame)}
        return PublishedRows({kind: frame.reset_index(drop=True) for kind, frame in until_today.items() if len(frame)})
