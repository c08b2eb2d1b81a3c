"""Valve's standings merged: every series once, and the pages of each standings.

Every standings list the series of the last half year, so a series appears in several of them. Its day and its ten
players identify it. Valve renames past series with their teams, so the first standings that list a series name it.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from threading import Lock
from typing import NamedTuple

from pipelines.sources.base import SourceError
from pipelines.sources.git import Checkout
from pipelines.sources.valve_pages import RosterPage, SeriesSide, day_of, parse_page

log = logging.getLogger(__name__)

ROOT = "live"

Lineup = tuple[str, ...]
SeriesKey = tuple[str, Lineup, Lineup]
"""Day of play and both lineups in ascending order: identifies a series, except two of one day."""


class ListedSeries(NamedTuple):
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
        pages: Pages by day of the standings, without their series.
        n_one_sided: Number of listed series that only one roster's page has. They are left out.
        problem: Why the newest standings could not be parsed; None if they could.
    """

    first_names: dict[SeriesKey, tuple[str, str]] = field(default_factory=dict)
    series: dict[SeriesKey, list[ListedSeries]] = field(default_factory=dict)
    pages: dict[str, list[RosterPage]] = field(default_factory=dict)
    n_one_sided: int = 0
    problem: SourceError | None = None

    def parse_and_add(self, day: str, files: Iterable[tuple[str, str]]) -> None:
        """Parse standings that are newer than all others and add them, or keep the problem.

        Standings of another layout are left out with a warning in the log when newer ones follow.

        Args:
            day: Day of the standings, ISO.
            files: Path and text of their pages.
        """
        if self.problem is not None:
            log.warning("older standings are left out: %s", self.problem)
        try:
            pages = [parse_page(path, text) for path, text in files]
        except SourceError as error:
            self.problem = error
        else:
            self.problem = None
            self.add(day, pages)

    def check(self) -> None:
        """Check that the standings can be used.

        Raises:
            SourceError: If there are none, or the newest could not be parsed.
        """
        if self.problem is not None:
            raise SourceError(str(self.problem))
        if not self.pages:
            raise SourceError(f"the repository has no page {ROOT}/YYYY/details/YYYY_MM_DD/*.md")

    def add(self, day: str, pages: list[RosterPage]) -> None:
        """Add standings that are newer than all others."""
        self.pages[day] = [replace(page, sides=()) for page in pages]
        sides_by_id: dict[int, list[SeriesSide]] = defaultdict(list)
        for page in pages:
            for side in page.sides:
                sides_by_id[side.match_id].append(side)
        listed_by_key: dict[SeriesKey, list[ListedSeries]] = defaultdict(list)
        for match_id in sorted(sides_by_id, reverse=True):  # the oldest first
            sides = sorted(sides_by_id[match_id], key=attrgetter("lineup"))
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


class StandingsReader:
    """Standings of a repository, read once: a newer commit adds only the standings that are new in it.

    Reading starts over when older standings changed, or are gone.

    Args:
        repository: The repository.
    """

    def __init__(self, repository: Checkout) -> None:
        self._repository = repository
        self._lock = Lock()  # the sensor's thread may outlive a tick
        self._restart()

    def _restart(self) -> None:
        self._folders: list[tuple[str, str]] = []
        self._standings = AllStandings()

    def read(self, commit: str) -> AllStandings:
        """Return the standings of a commit. The value is shared: a later call adds to it.

        Raises:
            SourceError: If the repository cannot be read, has no standings, or the newest cannot be parsed.
        """
        with self._lock:
            folders = [folder for folder in self._repository.list_folders(commit, ROOT) if day_of(folder[0])]
            if folders[: len(self._folders)] != self._folders:
                self._restart()
            self._add(commit, dict(folders[len(self._folders) :]))
            self._folders = folders
            self._standings.check()
            return self._standings

    def _add(self, commit: str, ids_by_folder: dict[str, str]) -> None:
        if not ids_by_folder:
            return
        files = self._repository.read_files(commit, *ids_by_folder)
        for folder, pages in groupby(files, key=lambda file: file[0].rpartition("/")[0]):
            if folder in ids_by_folder:
                self._standings.parse_and_add(str(day_of(folder)), list(pages))
                self._folders.append((folder, ids_by_folder[folder]))  # a failure continues from here
