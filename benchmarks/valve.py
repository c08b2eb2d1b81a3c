"""Processor time and memory of reading a grown repository of Valve's standings.

``python -m benchmarks.valve`` generates 44 standings with 22,000 series, as the repository has after two years, and
reads them as a tick of the sensor does: all of them, again without a change, and after one more standings.
"""

import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pipelines.sources.git import Checkout
from pipelines.sources.observation import SourceObservation, observe_source
from pipelines.sources.valve import ValveSource

FIRST_DAY = date(2024, 1, 1)
HALF_YEAR = timedelta(days=182)
HEADER = (
    "| Match Played | Match ID | Date       | Opponent | W/L | Age Weight | Event Weight | Bounty Collected "
    "| Opponent Network | LAN Wins | H2H Adj. | Roster |\n"
    "| -: | -: | :- | :- | :- | :- | :- | :- | :- | :- | -: | :- |\n"
)
INTRODUCTION = "Below you can see a table of all of the matches that contributed to the Final Rank Value.<br />\n" * 15


@dataclass(frozen=True, slots=True)
class PlayedSeries:
    """A generated series of two rosters, named by number. ``number`` rises with the day."""

    number: int
    day: date
    rosters: tuple[int, int]
    winner: int


@dataclass(frozen=True, slots=True)
class GeneratedStandings:
    """Standings at regular intervals, each with the series of its last half year.

    Attributes:
        n_standings: Number of standings.
        n_series: Number of series in all of them.
        n_rosters: Number of rosters, each with a page in every standings.
        days_between: Days from one to the next.
    """

    n_standings: int = 44
    n_series: int = 22_000
    n_rosters: int = 290
    days_between: int = 19

    def series(self) -> list[PlayedSeries]:
        """Return all series, the oldest first."""
        rng = random.Random(7)
        n_days = self.n_standings * self.days_between
        days = sorted(rng.randrange(n_days) for _ in range(self.n_series))
        pairs = [rng.sample(range(self.n_rosters), 2) for _ in days]
        return [
            PlayedSeries(number, FIRST_DAY + timedelta(days=day), (one, other), rng.choice((one, other)))
            for number, (day, (one, other)) in enumerate(zip(days, pairs, strict=True))
        ]

    def files(self) -> Iterator[dict[str, str]]:
        """Yield the files of each standings by path, in the order of their days."""
        series = self.series()
        for index in range(1, self.n_standings + 1):
            published = FIRST_DAY + timedelta(days=index * self.days_between)
            yield _files(published, [one for one in series if published - HALF_YEAR <= one.day < published], self)


def _players(roster: int) -> str:
    return ", ".join(f"player{5 * roster + place}" for place in range(5))


def _files(published: date, listed: list[PlayedSeries], standings: GeneratedStandings) -> dict[str, str]:
    lines: dict[int, list[str]] = {roster: [] for roster in range(standings.n_rosters)}
    for match_id, one in enumerate(reversed(listed), start=1):
        for roster, opponent in (one.rosters, one.rosters[::-1]):
            result = "W" if one.winner == roster else "L"
            lines[roster].append(
                f"| {len(lines[roster]):12} | {match_id:8} | {one.day} | Team {opponent} | {result}   | 1.000 | 1.000 "
                f"| 0.888 (0.888) | 0.499 (0.499) | 1 (1.000) | 3.35 | {_players(roster)} |\n"
            )
    folder = f"live/{published:%Y}/details/{published:%Y_%m_%d}"
    return {f"{folder}/{roster:04}--team-{roster}.md": _page(roster, text) for roster, text in lines.items()}


def _page(roster: int, lines: list[str]) -> str:
    points = f"{1800 - roster}.0"
    return (
        f"### Roster Details<br />\nTeam Name: Team {roster}<br />\nRoster: {_players(roster)}<br />\n"
        f"Global Rank: [{roster + 1}](../../standings.md)<br />\n<br />\nRegion: [Europe]( ../../europe.md)<br />\n"
        f"Final Rank Value:  {points}<br />\n<br />\n"
        f"Final Rank Value ({points}) = Starting Rank Value (1400.2) + Head To Head Adjustments (100.3)<br />\n\n"
        f"{INTRODUCTION}\n{HEADER}{''.join(lines)}\n<br />\n"
    )


def commit(repository: Path, files: dict[str, str]) -> None:
    """Write files into a repository and commit them."""
    for name, text in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    author = ("-c", "gc.auto=0", "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*author, "commit", "--quiet", "--message", "more")):
        subprocess.run(["git", "-C", str(repository), *arguments], check=True)


def main() -> None:
    """Generate the repository, read it three times, and print the costs."""
    *older, last = GeneratedStandings().files()
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder)
        commit(repository, {path: text for files in older for path, text in files.items()})
        del older
        source, observation = ValveSource(Checkout(repository)), SourceObservation()
        for name in ("the first read of 43 standings", "a tick without a change", "a tick after one more standings"):
            if "more" in name:
                commit(repository, last)
            cpu = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
            observed = observe_source(source, date(2026, 12, 31), observation)
            spent = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - cpu
            observation = observed if isinstance(observed, SourceObservation) else observation
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{name}: {spent:.2f} s of processor time, {peak} MB at most, {len(observation.months)} months")


if __name__ == "__main__":
    main()
