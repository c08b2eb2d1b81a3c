"""Rejected rows as a person reads them: where each stands, what it says, and why it cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipelines.sources.base import RowKind

DESCRIBING_COLUMNS = ("start_time", "date", "event", "map", "team1", "team2", "team", "player", "winner")
"""Columns that tell a person which row it is, in this order."""

MAX_VALUE_LETTERS = 40
"""Most letters of each value in a description."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A published row that cannot be used.

    Attributes:
        kind: Kind of the row.
        file_name: Its file; empty for a row that comes from no file.
        line_number: Its line in the file, from 1; 0 for a row that comes from no file.
        reasons: Why it cannot be used.
        text: What it says.
    """

    kind: RowKind
    file_name: str
    line_number: int
    reasons: list[str]
    text: str

    @property
    def place(self) -> str:
        """Where it stands: ``maps.csv line 17``, or nothing."""
        return f"{self.file_name} line {self.line_number}" if self.file_name else ""


def list_rejected(published: Mapping[RowKind, pd.DataFrame], outcomes: pd.DataFrame) -> list[RejectedRow]:
    """List the rejected rows, by file and line.

    Args:
        published: The published rows.
        outcomes: What became of them (:class:`pipelines.etl.rebuild.TableSet`).
    """
    rejected = outcomes[outcomes["outcome"] == "rejected"]
    rows = []
    for name, group in rejected.groupby("kind"):
        kind = RowKind(str(name))
        frame = published[kind].loc[group["index"]]
        for row, reasons in zip(frame.to_dict("records"), group["reasons"], strict=True):
            place = str(row.get("file_name", "")), int(row.get("line_number") or 0)
            rows.append(RejectedRow(kind, *place, reasons, _describe({str(k): v for k, v in row.items()})))
    return sorted(rows, key=lambda row: (row.file_name, row.line_number, row.kind, row.text))


def _describe(row: Mapping[str, str]) -> str:
    if row.get("line_text"):
        return row["line_text"]
    values = [row.get(column, "")[:MAX_VALUE_LETTERS] for column in DESCRIBING_COLUMNS]
    return ", ".join(value for value in values if value)


def by_reason(rows: list[RejectedRow]) -> dict[str, list[RejectedRow]]:
    """Group rejected rows by reason, the most frequent first; a row with two reasons stands under both."""
    groups: dict[str, list[RejectedRow]] = {}
    for row in rows:
        for reason in row.reasons:
            groups.setdefault(reason, []).append(row)
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])))


def summarize_rejected(rows: list[RejectedRow], examples: int) -> list[dict[str, object]]:
    """Return ``reason``, ``rows`` (their number) and ``examples`` (the first places or texts) of each reason."""
    return [
        {
            "reason": reason,
            "rows": len(group),
            "examples": [
                f"{row.place}: {row.text}" if row.place else f"{row.kind}: {row.text}" for row in group[:examples]
            ],
        }
        for reason, group in by_reason(rows).items()
    ]
