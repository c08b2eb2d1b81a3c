"""Matches to come: which teams they are, and which rows tell of the same match. Nothing of results depends on them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.etl.identify import Identity
from pipelines.etl.link import Rows
from pipelines.spelling import team_key

SAME_MATCH = pd.Timedelta(hours=3)
"""Rows of the same two teams that start at most so far apart tell of one match."""


@dataclass(frozen=True, slots=True)
class Announced:
    """Usable rows of matches to come.

    Attributes:
        rows: Typed rows, one a match; the index is that of the published frame.
        teams: Both teams of each.
        named: What each spelling stands for, before names were joined by lineup.
        copies: Indices of rows that repeat another one.
        against_itself: Indices of rows that name one team twice, in two spellings.
    """

    rows: pd.DataFrame
    teams: list[tuple[Identity, Identity]]
    named: list[tuple[Identity, Identity]]
    copies: list[int]
    against_itself: list[int]

    def mentions(self) -> Iterator[tuple[Identity, tuple[str, int]]]:
        """Team and alias of each side."""
        spelled = zip(self.rows["team1"], self.rows["team2"], strict=True)
        for names, named, teams in zip(spelled, self.named, self.teams, strict=True):
            for name, (_, number), team in zip(names, named, teams, strict=True):
                yield team, (name, number)


def announce(fixtures: pd.DataFrame, linked: Rows) -> Announced:
    """Find the teams by name: the bearer who played last, else a team that nobody saw yet.

    Args:
        fixtures: Typed rows of matches to come.
        linked: The results.
    """
    latest: dict[str, tuple[Identity, Identity]] = {}
    for row in np.argsort(linked.day, kind="stable").tolist():
        for named, team in zip(linked.named[row], linked.teams[row], strict=True):
            latest[named[0]] = (named, team)
    kept: dict[int, list[tuple[Identity, Identity]]] = {}
    copies, against_itself = [], []
    starts: dict[frozenset[Identity], list[pd.Timestamp]] = defaultdict(list)
    ordered = fixtures.sort_values("id", kind="stable")
    for index, first, second, start in zip(
        ordered.index, ordered["team1"], ordered["team2"], ordered["start"], strict=True
    ):
        sides = [latest.get(key, ((key, 1), (key, 1))) for key in (team_key(first), team_key(second))]
        pair = frozenset(team for _, team in sides)
        if len(pair) == 1:
            against_itself.append(index)
        elif any(abs(start - other) <= SAME_MATCH for other in starts[pair]):
            copies.append(index)
        else:
            starts[pair].append(start)
            kept[index] = sides
    return Announced(
        rows=ordered.loc[list(kept)],
        teams=[(first, second) for (_, first), (_, second) in kept.values()],
        named=[(first, second) for (first, _), (second, _) in kept.values()],
        copies=copies,
        against_itself=against_itself,
    )


def fixture_rows(announced: Announced, team_ids: Mapping[Identity, int]) -> pd.DataFrame:
    """One row a match."""
    rows = announced.rows
    return pd.DataFrame(
        {
            "id": rows["id"].to_numpy(dtype=np.int64),
            "natural_key": rows["row_key"].to_numpy(),
            "source": rows["source"].to_numpy(),
            "start_time": rows["start"].astype(object).to_numpy(),
            "event": rows["event"].where(rows["event"] != "", None).to_numpy(),
            "best_of": rows["best_of"].array,
            "team1_id": np.array([team_ids[first] for first, _ in announced.teams], dtype=np.int64),
            "team2_id": np.array([team_ids[second] for _, second in announced.teams], dtype=np.int64),
            "team1_name": rows["team1"].to_numpy(),
            "team2_name": rows["team2"].to_numpy(),
        }
    )
