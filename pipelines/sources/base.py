"""What a source of match data offers: what is there, month by month, and its rows as published."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

import pandas as pd

from cs2.settings import SourceName

SERIES_ONLY_SOURCES = frozenset({SourceName.VALVE, SourceName.PANDASCORE})
"""Sources that tell of series only. Questions name a map all the same: one of the usual ones."""

USUAL_MAPS = ("Ancient", "Anubis", "Dust2", "Inferno", "Mirage", "Nuke", "Overpass", "Train")


class RowKind(StrEnum):
    """What a published row is about."""

    MAP = "map"
    SERIES = "series"
    STANDING = "standing"
    PLAYER_MAP = "player_map"
    FIXTURE = "fixture"
    """A match to come."""


def parse_times(texts: pd.Series) -> pd.Series:
    """Times in UTC, missing where a text is none; one that tells no offset is UTC, a day alone its first moment."""
    told: pd.Series = pd.to_datetime(texts.where(texts != ""), utc=True, format="ISO8601", errors="coerce")
    return told


class SourceError(Exception):
    """A source cannot be read as a whole; the message names the file and what is wrong in one line."""


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """Rows of a source, as text.

    Attributes:
        frames: One frame a kind: the columns of the source as text (empty where unknown), and ``row_key`` (what the
            row is about: versions of it share the key) and ``month`` (first day, ISO).
    """

    frames: Mapping[RowKind, pd.DataFrame]

    def in_months(self, months: Collection[date]) -> "PublishedRows":
        """Only the rows of some months."""
        wanted = {month.isoformat() for month in months}
        return PublishedRows({kind: frame[frame["month"].isin(wanted)] for kind, frame in self.frames.items()})

    def month_digests(self) -> dict[str, str]:
        """Digest of the content of each month (ISO date of its first day): a changed digest means changed rows."""
        digests: dict[str, str] = {}
        for kind in sorted(self.frames):
            frame = self.frames[kind]
            hashes = pd.util.hash_pandas_object(frame, index=False)
            for month, group in hashes.groupby(frame["month"], sort=True):
                seed = digests.get(str(month), "") + kind
                total = int(group.to_numpy().sum(dtype="uint64"))  # a sum: the order of rows does not matter
                digests[str(month)] = hashlib.sha256(f"{seed}:{len(group)}:{total}".encode()).hexdigest()[:16]
        return digests


class MatchSource(Protocol):
    """Where results come from."""

    name: SourceName

    def published(self, today: date) -> PublishedRows:
        """Everything published up to and including ``today``.

        Raises:
            SourceError: If the source cannot be read.
        """
        ...

    def fingerprint(self, today: date) -> str | None:
        """Changes whenever ``published`` may have changed: cheap to ask. None while the source is being written.

        Raises:
            SourceError: If the source is down.
        """
        ...
