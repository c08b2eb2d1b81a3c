"""Announced matches: their teams, and which rows announce the same match. No result depends on them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.etl.dictionaries import Alias
from pipelines.etl.match_rows import IdentifiedRows
from pipelines.etl.team_links import Identity
from pipelines.spelling import team_key

SAME_MATCH = pd.Timedelta(hours=3)
"""Rows of the same two teams whose starts are at most this far apart announce one match."""


@dataclass(frozen=True, slots=True)
class NamedTeam:
    """The team that a published name stands for.

    Attributes:
        team: The team.
        homonym_no: Homonym number of the name.
    """

    team: Identity
    homonym_no: int


@dataclass(frozen=True, slots=True)
class AnnouncedMatches:
    """Usable rows of announced matches.

    Attributes:
        rows: Typed rows, one a match; the index is that of the published frame.
        sides: Both teams of each row.
        duplicates: Indices of rows that announce the match of another row.
        against_itself: Indices of rows that name one team twice, in two spellings.
    """

    rows: pd.DataFrame
    sides: list[tuple[NamedTeam, NamedTeam]]
    duplicates: list[int]
    against_itself: list[int]

    def mentions(self) -> Iterator[tuple[Identity, Alias]]:
        """Yield team and alias of each side."""
        for *names, sides in zip(self.rows["team1"], self.rows["team2"], self.sides, strict=True):
            for name, side in zip(names, sides, strict=True):
                yield side.team, (name, side.homonym_no)


def match_fixtures(fixtures: pd.DataFrame, matches: IdentifiedRows) -> AnnouncedMatches:
    """Resolve the teams by name: the homonym that played last, or a new team; and drop duplicates.

    Args:
        fixtures: Typed rows of announced matches.
        matches: The rows of results.
    """
    latest = _latest_teams(matches)
    kept: dict[int, tuple[NamedTeam, NamedTeam]] = {}
    duplicates, against_itself = [], []
    starts: dict[frozenset[Identity], list[pd.Timestamp]] = defaultdict(list)
    ordered = fixtures.sort_values("id", kind="stable")
    columns = (ordered[column] for column in ("team1", "team2", "start"))
    for index, *names, start in zip(ordered.index, *columns, strict=True):
        keys = (team_key(name) for name in names)
        first, second = (latest.get(key, NamedTeam((key, 1), 1)) for key in keys)
        pair = frozenset((first.team, second.team))
        if len(pair) == 1:
            against_itself.append(index)
        elif any(abs(start - other) <= SAME_MATCH for other in starts[pair]):
            duplicates.append(index)
        else:
            starts[pair].append(start)
            kept[index] = (first, second)
    return AnnouncedMatches(ordered.loc[list(kept)], list(kept.values()), duplicates, against_itself)


def _latest_teams(matches: IdentifiedRows) -> dict[str, NamedTeam]:
    """The team that played last under each team key."""
    latest: dict[str, NamedTeam] = {}
    for position in matches.by_day():
        row = matches.rows[position]
        for (key, homonym_no), team in zip(row.named_teams, row.teams, strict=True):
            latest[key] = NamedTeam(team, homonym_no)
    return latest


def fixture_rows(announced: AnnouncedMatches, team_ids: Mapping[Identity, int]) -> pd.DataFrame:
    """One row an announced match."""
    rows = announced.rows
    return pd.DataFrame(
        {
            "id": rows["id"].to_numpy(dtype=np.int64),
            "natural_key": rows["row_key"].to_numpy(),
            "source": rows["source"].to_numpy(),
            "start_time": rows["start"].astype(object).to_numpy(),
            "event": rows["event"].where(rows["event"] != "", None).to_numpy(),
            "best_of": rows["best_of"].array,
            "team1_id": np.array([team_ids[first.team] for first, _ in announced.sides], dtype=np.int64),
            "team2_id": np.array([team_ids[second.team] for _, second in announced.sides], dtype=np.int64),
            "team1_name": rows["team1"].to_numpy(),
            "team2_name": rows["team2"].to_numpy(),
        }
    )
