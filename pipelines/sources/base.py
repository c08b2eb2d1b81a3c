"""Interface of a source of match data, and the rows that it publishes."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from cs2.settings import SourceName

if TYPE_CHECKING:
    import pandas as pd  # when it is used: Dagster loads all sources to list them

SERIES_ONLY_SOURCES = frozenset({SourceName.VALVE, SourceName.PANDASCORE})
"""Sources that publish series without maps. A forecast still names a map, so the usual maps become known."""

YEARS = (1900, 2100)
"""Years outside are typing errors: they are read as no day."""

WITHDRAWN = "withdrawn"
"""Field of a row that a source takes back: why, in the source's own words."""

USUAL_MAPS = ("Ancient", "Anubis", "Dust2", "Inferno", "Mirage", "Nuke", "Overpass", "Train")


POSITION_COLUMNS = ("file_name", "line_number")
"""Columns that say where a row stood when its file was read. A row that only moved has not changed."""

LINE_KEY = "line:"
"""Beginning of the key of a line that is no row."""

PROBLEM_COLUMNS = ("problem", "line_text")
"""Columns of a line that is no row: why, and the line. All other columns but ``row_key`` are empty."""


class RowKind(StrEnum):
    """What a published row is about."""

    MAP = "map"
    SERIES = "series"
    STANDING = "standing"
    PLAYER_MAP = "player_map"
    FIXTURE = "fixture"
    """An announced match."""
    IDENTITY = "identity"
    """A decision of an operator: two names, or two bearers of a name, are one or two."""
    LINEUP = "lineup"
    """Lineups of one map, for a map that was published without."""
    VETO = "veto"
    """One step of the veto before a series."""


def parse_times(texts: "pd.Series") -> "pd.Series":
    """Parse ISO 8601 texts as UTC. Without an offset a text is UTC, a date is its midnight; other texts are missing."""
    import pandas as pd

    times: pd.Series = pd.to_datetime(texts.where(texts != ""), utc=True, format="ISO8601", errors="coerce")
    return times.where(times.dt.year.between(*YEARS)).astype("datetime64[ns, UTC]")


def parse_days(texts: "pd.Series") -> "pd.Series":
    """Parse days as YYYY-MM-DD; other texts, and years that no result can have, are missing."""
    import pandas as pd

    days: pd.Series = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
    return days.where(days.dt.year.between(*YEARS)).astype("datetime64[ns]")


MAX_KEY_BYTES = 400
"""Longest key of a row: an index of PostgreSQL refuses long texts."""


def bounded_key(key: str) -> str:
    """Return a key, with a digest in place of what is too long for an index."""
    if len(key) * 4 <= MAX_KEY_BYTES or len(key.encode("utf-8", "replace")) <= MAX_KEY_BYTES:
        return key
    return f"{key[:50]}…{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}"


class SourceError(Exception):
    """A source cannot be read. The message names the file or address and the reason in one line."""


@dataclass(frozen=True, slots=True)
class SourceContent:
    """Everything that a source holds, of a source that publishes its whole content every time.

    A row that it published earlier and does not hold any more is retracted.

    Attributes:
        frames: The published rows of all months.
        keys: Kind and ``row_key`` of every row, those after ``today`` included.
        today: Day of publication.
        files: Names of the files that were read. Rows of other files are not missed: a folder may lose old files.
    """

    frames: "Mapping[RowKind, pd.DataFrame]"
    keys: frozenset[tuple[RowKind, str]]
    today: date
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """Rows of a source, as text.

    Attributes:
        frames: One frame per kind. Columns are those of the source (empty text where unknown), plus ``row_key``, which
            all versions of one row share, and ``month``, the ISO date of the month's first day. Rows of files also have
            ``POSITION_COLUMNS``, and lines that are no row ``PROBLEM_COLUMNS``.
        content: Everything that the source holds; None for a source that publishes what is new.
        warnings: What a person should know about the rows, such as repeated ones.
        withdrawn: Rows that the source takes back, such as a deleted match: ``row_key``, ``month``, and why
            (``withdrawn``). They may never have been published. Every publication repeats them.
    """

    frames: "Mapping[RowKind, pd.DataFrame]"
    content: SourceContent | None = None
    warnings: tuple[str, ...] = ()
    withdrawn: "Mapping[RowKind, pd.DataFrame]" = field(default_factory=dict)

    def in_months(self, months: Collection[date]) -> "PublishedRows":
        """Select the rows of some months. ``content`` stays whole."""
        keys = {month.isoformat() for month in months}
        frames, withdrawn = (
            {kind: frame[frame["month"].isin(keys)] for kind, frame in each.items()}
            for each in (self.frames, self.withdrawn)
        )
        return PublishedRows(frames, self.content, self.warnings, withdrawn)

    def month_digests(self) -> dict[str, str]:
        """Digest the rows of each month, withdrawn ones included.

        A digest changes when a row changes or is withdrawn, and not with the order of the rows.
        """
        import pandas as pd

        digests: dict[str, str] = {}
        labelled = {str(kind): frame for kind, frame in self.frames.items()}
        labelled |= {f"{WITHDRAWN} {kind}": frame for kind, frame in self.withdrawn.items()}
        for kind, frame in sorted(labelled.items()):
            # The key of a line that is no row follows from its text, so that other rows are digested as without it.
            content = frame.drop(columns=[*POSITION_COLUMNS, *PROBLEM_COLUMNS], errors="ignore")
            hashes = pd.util.hash_pandas_object(content, index=False)
            for month, group in hashes.groupby(frame["month"], sort=True):
                seed = digests.get(str(month), "") + kind
                total = int(group.to_numpy().sum(dtype="uint64"))  # a sum does not depend on the order
                digests[str(month)] = hashlib.sha256(f"{seed}:{len(group)}:{total}".encode()).hexdigest()[:16]
        return digests


class MatchSource(Protocol):
    """A source of results and announced matches.

    ``poll`` acts: it fetches what is due. ``fingerprint`` and ``published`` describe what has been fetched.
    """

    name: SourceName

    def poll(self) -> None:
        """Fetch what is new, where a poll is due. Sources that are read in place have nothing to do.

        Raises:
            SourceError: If the last poll failed, now or earlier.
        """
        ...

    def fingerprint(self, today: date) -> str | None:
        """Identify what ``published`` returns, without reading it. None while the data is incomplete.

        Raises:
            SourceError: If the source cannot be read.
        """
        ...

    def published(self, today: date) -> PublishedRows:
        """Return the rows published up to and including ``today``.

        Raises:
            SourceError: If the source cannot be read.
        """
        ...


@runtime_checkable
class MonthlySource(MatchSource, Protocol):
    """A source whose months are read one by one: all of them at once would not fit into memory."""

    def month_digests(self, today: date) -> dict[str, str]:
        """Digest each month without reading its rows. A digest changes when a row changes.

        Raises:
            SourceError: If the source cannot be read.
        """
        ...

    def published_by_month(self, today: date, months: Collection[date]) -> Iterator[PublishedRows]:
        """Return the rows of some months, one month at a time.

        Raises:
            SourceError: If the source cannot be read.
        """
        ...


def published_in(source: MatchSource, today: date, months: Collection[date]) -> Iterator[PublishedRows]:
    """Return the rows of some months: month by month where the source can, else all at once.

    Raises:
        SourceError: If the source cannot be read.
    """
    if isinstance(source, MonthlySource):
        yield from source.published_by_month(today, months)
    else:
        yield source.published(today).in_months(months)
