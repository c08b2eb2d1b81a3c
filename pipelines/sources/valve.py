"""Valve's public standings: series with both lineups, and the standings themselves. No maps, no best-of.

Every standings repeat half a year of series, so one series stands in several of them. It is told apart by its day and
the ten who played, and named as its first standings name it (Valve renames past series with their teams).
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
from pipelines.sources.valve_pages import RosterPage, Side, day_of, read_page

log = logging.getLogger(__name__)

FOLDER = "live"
SAME_ROSTER = 3
"""Players that a lineup shares with a roster that it plays for: Valve's own rule for a roster that changes."""

Lineup = tuple[str, ...]
Key = tuple[str, Lineup, Lineup]
"""Day of play and both lineups, in their order."""


@dataclass(frozen=True, slots=True)
class Played:
    """One series in one of the standings: names and outcome in the order of the lineups of its key.

    Attributes:
        match_id: Its number in these standings.
        teams: Both names.
        winner: 1 or 2; empty where the two pages contradict each other.
    """

    match_id: int
    teams: tuple[str, str]
    winner: str


@dataclass(slots=True)
class Standings:
    """All standings so far.

    Attributes:
        first: How the first standings that tell of a series name its teams.
        best: The series of a key in the standings that have most of them, of equals the latest. (A day at the edge of
            the half year may miss some.)
        pages: Pages by day of the standings.
        one_sided: Series of which only one roster has a page: left out.
    """

    first: dict[Key, tuple[str, str]] = field(default_factory=dict)
    best: dict[Key, list[Played]] = field(default_factory=dict)
    pages: dict[str, list[RosterPage]] = field(default_factory=dict)
    one_sided: int = 0

    def add(self, day: str, pages: list[RosterPage]) -> None:
        """Add standings; the days ascend."""
        self.pages[day] = pages
        sides: dict[int, list[Side]] = defaultdict(list)
        for page in pages:
            for side in page.sides:
                sides[side.match_id].append(side)
        found: dict[Key, list[Played]] = defaultdict(list)
        for match_id in sorted(sides, reverse=True):  # the oldest first
            both = sides[match_id]
            if len(both) != 2:
                self.one_sided += 1
                continue
            one, other = sorted(both, key=lambda side: side.lineup)
            agree = one.day == other.day and one.won != other.won
            winner = ("1" if one.won else "2") if agree else ""
            found[one.day, one.lineup, other.lineup].append(Played(match_id, (one.team, other.team), winner))
        for key, played in found.items():
            self.first.setdefault(key, played[0].teams)
            if len(played) >= len(self.best.get(key, ())):
                self.best[key] = played


def collect(files: Iterable[tuple[str, str]]) -> Standings:
    """All standings of a repository.

    Older standings of another layout are left out with a line in the log.

    Args:
        files: Path and text of the files, in the order of their paths, as git gives them: the days ascend.

    Raises:
        SourceError: If there are no standings, or the newest cannot be read.
    """
    pages = ((day_of(path), path, text) for path, text in files)
    standings = Standings()
    problem: SourceError | None = None
    for day, of_day in groupby(pages, key=lambda page: page[0]):
        if day is None:
            continue
        if problem is not None:
            log.warning("older standings are left out: %s", problem)
        try:
            read = [read_page(path, text) for _, path, text in of_day]
        except SourceError as error:
            problem = error
        else:
            problem = None
            standings.add(day, read)
    if problem is not None:
        raise problem
    if not standings.pages:
        raise SourceError(f"there is no page {FOLDER}/YYYY/details/YYYY_MM_DD/*.md")
    return standings


def frames_of(standings: Standings) -> dict[RowKind, pd.DataFrame]:
    """Series rows and standing rows with the columns of the archive."""
    series = pd.DataFrame(_series(standings))
    ranked = pd.DataFrame(_ranked(standings))
    return {RowKind.SERIES: series, RowKind.STANDING: ranked}


def _series(standings: Standings) -> Iterator[dict[str, str]]:
    days = list(standings.pages)
    places = {day: Places(pages) for day, pages in standings.pages.items()}
    for key, all_played in sorted(standings.best.items()):
        before = bisect_left(days, key[0])  # standings of the day itself may know the result
        known = places[days[before - 1]] if before else Places([])
        for number, played in enumerate(all_played):
            yield _series_row(key, number, played, standings.first[key], known)


def _series_row(key: Key, number: int, played: Played, teams: tuple[str, str], places: "Places") -> dict[str, str]:
    day, *lineups = key
    texts = ["|".join(lineup) for lineup in lineups]
    ranks = [places.of(lineup, team) for lineup, team in zip(lineups, teams, strict=True)]
    order = (0, 1) if teams[0].casefold() <= teams[1].casefold() else (1, 0)
    winner = played.winner and str(order.index(int(played.winner) - 1) + 1)
    row = {"date": day, "winner": winner, "number_on_day": str(number)}
    for side, place in enumerate(order, start=1):
        row[f"team{side}"] = teams[place]
        row[f"team{side}_players"] = texts[place]
        row[f"team{side}_rank"], row[f"team{side}_points"] = ranks[place]
    row["row_key"] = "/".join([day, *texts, *([str(number + 1)] if number else [])])
    row["month"] = day[:8] + "01"
    return row


def _ranked(standings: Standings) -> Iterator[dict[str, str]]:
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


class Places:
    """Rank and points of rosters in some standings."""

    def __init__(self, pages: list[RosterPage]) -> None:
        self._by_player: dict[str, list[RosterPage]] = defaultdict(list)
        for page in pages:
            for player in page.roster:
                self._by_player[player].append(page)

    def of(self, lineup: Lineup, team: str) -> tuple[str, str]:
        """Rank and points of the roster that shares most players with the lineup; empty below three."""
        shared: dict[tuple[int, bool, int], RosterPage] = {}
        for page in {id(page): page for player in lineup for page in self._by_player.get(player, ())}.values():
            n = len(set(page.roster) & set(lineup))
            shared[n, page.team == team, -int(page.rank)] = page
        if not shared or max(shared)[0] < SAME_ROSTER:
            return "", ""
        return shared[max(shared)].rank, shared[max(shared)].points


@lru_cache(maxsize=1)  # the sensor asks for the same commit many times
def _frames(repository: Path, commit: str) -> dict[RowKind, pd.DataFrame]:
    standings = collect(Checkout(repository).files(commit, FOLDER))
    log.info("%d standings, %d series of which one side only is told", len(standings.pages), standings.one_sided)
    return frames_of(standings)


class ValveSource:
    """The standings repository."""

    name = SourceName.VALVE

    def __init__(self, repository: Checkout) -> None:
        self.repository = repository

    def published(self, today: date) -> PublishedRows:
        """Series played and standings published up to ``today``.

        Raises:
            SourceError: If the repository cannot be read.
        """
        frames = _frames(self.repository.folder, self.repository.head_commit())
        until = {kind: frame[frame["date"] <= today.isoformat()] for kind, frame in frames.items() if len(frame)}
        return PublishedRows({kind: frame.reset_index(drop=True) for kind, frame in until.items() if len(frame)})

    def fingerprint(self, today: date) -> str | None:
        """The newest commit, pulled where a pull is due, and the day.

        Raises:
            SourceError: If the repository cannot be pulled or read.
        """
        self.repository.pull()
        return f"{self.repository.head_commit()}; {today.isoformat()}"
