"""Valve's public standings: series with both lineups, and the standings themselves. No maps, no best-of."""

import logging
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd

from cs2.settings import SourceName
from pipelines.sources.base import PublishedRows, RowKind
from pipelines.sources.git import Checkout
from pipelines.sources.valve_pages import RosterPage
from pipelines.sources.valve_standings import AllStandings, Lineup, ListedSeries, SeriesKey, StandingsReader

log = logging.getLogger(__name__)

SAME_ROSTER = 3
"""Players that a lineup must share with a roster to play for it: Valve's rule for a roster that changes."""


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
        self._found: dict[tuple[Lineup, str], tuple[str, str]] = {}  # a lineup plays many series
        self._pages_by_player: dict[str, list[RosterPage]] = defaultdict(list)
        for page in pages:
            for player in page.roster:
                self._pages_by_player[player].append(page)

    def rank_and_points(self, lineup: Lineup, team: str) -> tuple[str, str]:
        """Return rank and points of the roster that shares most players with a lineup. Empty below three players.

        Among rosters that share equally many, the one with the team's name comes first, then the better rank.
        """
        if (lineup, team) not in self._found:
            self._found[lineup, team] = self._find(lineup, team)
        return self._found[lineup, team]

    def _find(self, lineup: Lineup, team: str) -> tuple[str, str]:
        pages = {id(page): page for player in lineup for page in self._pages_by_player.get(player, ())}.values()
        candidates: dict[tuple[int, bool, int], RosterPage] = {}
        for page in pages:
            n_shared = len(set(page.roster) & set(lineup))
            candidates[n_shared, page.team == team, -int(page.rank)] = page
        if not candidates or max(candidates)[0] < SAME_ROSTER:
            return "", ""
        best = candidates[max(candidates)]
        return best.rank, best.points


@lru_cache(maxsize=1)
def _reader(repository: Path) -> StandingsReader:
    return StandingsReader(Checkout(repository))


@lru_cache(maxsize=1)  # the sensor reads the same commit many times
def _load_frames(repository: Path, commit: str) -> dict[RowKind, pd.DataFrame]:
    standings = _reader(repository).read(commit)
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
