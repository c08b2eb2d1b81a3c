"""``make bench-identities``: precision and recall of the identities that the ETL assigns, against a table of the truth.

A case of the table lists appearances of one name, or of names that could be one, by the person or team behind them.
Each pair of appearances of a case is one decision: the pair is one, or it is two. Precision is the share of the pairs
that the ETL joins and that are one; recall is the share of the pairs that are one and that the ETL joins.
"""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from pipelines.etl.rebuild import resolve
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.etl.team_links import Identity
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import RowKind

TRUTH = Path(__file__).with_name("identity_truth.yaml")

_APPEARANCE = re.compile(r"(?P<day>\d{4}-\d\d-\d\d) (?P<team>.+?)(?: \((?P<name>[^)]+)\))?(?: with (?P<mate>.+))?")


@dataclass(frozen=True, slots=True)
class Appearance:
    """A team, or a player of it, on one day.

    Attributes:
        text: As the table has it.
        day: ISO date.
        team: Team name as published.
        player: Nickname of the player; None if the appearance is that of the team.
        mate: A nickname in the lineup that is meant, where a team fielded two lineups on the day.
    """

    text: str
    day: str
    team: str
    player: str | None
    mate: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """Appearances of the table that could be one person or one team.

    Attributes:
        name: What the case is called.
        is_drawn: Whether it was drawn at random from all names with more than one candidate.
        groups: The appearances of each person or team.
    """

    name: str
    is_drawn: bool
    groups: list[list[Appearance]]

    def pairs(self) -> Iterator[tuple[Appearance, Appearance, bool]]:
        """Yield each pair of appearances, and whether both are one person or team."""
        owners = [(appearance, owner) for owner, group in enumerate(self.groups) for appearance in group]
        for (first, owner), (second, other) in combinations(owners, 2):
            yield first, second, owner == other


@dataclass(slots=True)
class Score:
    """Counts of pairs."""

    cases: int = 0
    joined_rightly: int = 0
    joined_wrongly: int = 0
    split_wrongly: int = 0
    split_rightly: int = 0

    def add(self, is_one: bool, is_joined: bool) -> None:
        """Count one pair."""
        if is_one:
            self.joined_rightly += is_joined
            self.split_wrongly += not is_joined
        else:
            self.joined_wrongly += is_joined
            self.split_rightly += not is_joined

    @property
    def precision(self) -> float:
        """Share of the joined pairs that are one."""
        return self.joined_rightly / max(self.joined_rightly + self.joined_wrongly, 1)

    @property
    def recall(self) -> float:
        """Share of the pairs that are one which are joined."""
        return self.joined_rightly / max(self.joined_rightly + self.split_wrongly, 1)


def main() -> None:
    """Print the scores, and with ``--wrong`` every wrong pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, required=True, help="an archive of real matches")
    parser.add_argument("--truth", type=Path, default=TRUTH, help="table of the truth (YAML)")
    parser.add_argument("--wrong", action="store_true", help="print every pair that is decided wrongly")
    arguments = parser.parse_args()
    identities = ResolvedIdentities.of_archive(arguments.path)
    scores: dict[str, Score] = defaultdict(Score)
    console = Console(width=160, soft_wrap=True)
    for kind, case in read_truth(arguments.truth):
        groups = [f"{kind}s", *(["drawn at random"] if case.is_drawn else []), "all"]
        for group in groups:
            scores[group].cases += 1
        for first, second, is_one in case.pairs():
            is_joined = identities.find(first) == identities.find(second)
            for group in groups:
                scores[group].add(is_one, is_joined)
            if arguments.wrong and is_one != is_joined:
                verdict = "split, but one" if is_one else "joined, but two"
                console.print(f"{kind} {case.name}: {first.text} / {second.text}: {verdict}", markup=False)
    console.print(_table(scores))


def _table(scores: dict[str, Score]) -> Table:
    table = Table(
        "cases", "number", "pairs that are one", "of them joined", "pairs that are two", "of them joined", box=None
    )
    table.add_column("precision")
    table.add_column("recall")
    for name, score in scores.items():
        ones = score.joined_rightly + score.split_wrongly
        twos = score.joined_wrongly + score.split_rightly
        counts = (score.cases, ones, score.joined_rightly, twos, score.joined_wrongly)
        table.add_row(name, *map(str, counts), f"{score.precision:.4f}", f"{score.recall:.4f}")
    return table


def read_truth(path: Path) -> Iterator[tuple[str, Case]]:
    """Yield the kind (``player`` or ``team``) and each case of a table of the truth."""
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        kind = "player" if "player" in entry else "team"
        name = entry[kind]
        groups = [[_parse(text, name if kind == "player" else None) for text in group] for group in entry["who"]]
        yield kind, Case(name, bool(entry.get("drawn")), groups)


def _parse(text: str, player: str | None) -> Appearance:
    match = _APPEARANCE.fullmatch(text)
    if match is None:
        raise SystemExit(f"{text!r} is no appearance such as '2024-02-09 FaZe', '… (nickname)' or '… with nickname'")
    return Appearance(text, match["day"], match["team"], match["name"] or player, match["mate"])


class ResolvedIdentities:
    """Identities that the ETL assigns to the published rows."""

    def __init__(self, resolved: ResolvedRows) -> None:
        self._sides: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        self._lineups: list[tuple[str, str]] = []
        self._resolved = resolved
        for kind in (RowKind.MAP, RowKind.SERIES):
            rows = resolved.parsed[kind].rows
            columns = (rows[name] for name in ("date", "team1", "team2", "team1_players", "team2_players"))
            for day, first, second, *lineups in zip(*columns, strict=True):
                for side, team in enumerate((first, second)):
                    self._sides[day, team].append((len(self._lineups), side))
                self._lineups.append((lineups[0], lineups[1]))

    @classmethod
    def of_archive(cls, folder: Path) -> "ResolvedIdentities":
        """Resolve the rows of an archive folder."""
        return cls(resolve(ArchiveSource(folder).published(date.max).frames))

    def find(self, appearance: Appearance) -> Identity:
        """Return the identity behind an appearance: that of most rows, if rows of one day disagree."""
        found = Counter(
            identity
            for position, side in self._sides[appearance.day, appearance.team]
            if (identity := self._identity(appearance, position, side)) is not None
        )
        if not found:
            raise LookupError(f"no row has {appearance.text} ({appearance.player or 'team'})")
        return min(found, key=lambda identity: (-found[identity], identity))

    def _identity(self, appearance: Appearance, position: int, side: int) -> Identity | None:
        names = self._lineups[position][side].split("|")
        if appearance.mate and appearance.mate not in names:
            return None
        merged, matches = self._resolved.merged, self._resolved.linked.matches
        if position in merged.kept_as:
            row = matches.rows[merged.kept_as[position]]
            side = 1 - side if position in merged.flipped else side
        else:
            row = matches.rows[position - sum(each < position for each in merged.kept_as)]
        if appearance.player is None:
            return row.teams[side]
        if appearance.player not in names:
            return None
        links = matches.people.player_links.items()
        spellings = {player for (name, _), player in links if name == appearance.player}
        roster = row.rosters[side] or ()
        return next((each for each in roster if each[0] == appearance.player or each in spellings), None)


if __name__ == "__main__":
    main()
