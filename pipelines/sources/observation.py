"""What a watcher remembers of the sources between two ticks, and what changed since. Uses no Dagster."""

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict, ValidationError

from cs2.settings import SourceName
from pipelines.sources.base import MatchSource, MonthlySource
from pipelines.sources.months import FIRST_MONTH, consecutive_ranges


class SourceObservation(BaseModel):
    """Content of a source at its last observation.

    Attributes:
        fingerprint: Identifies the whole content.
        months: Digest of each month's rows.
        is_whole: Whether these are all rows of the source, so that it has lost the months that are absent.
    """

    model_config = ConfigDict(frozen=True)

    fingerprint: str | None = None
    months: dict[str, str] = {}
    is_whole: bool = False

    def changed_ranges(self, before: "SourceObservation") -> list[tuple[str, str]]:
        """Months whose rows are new, changed or gone, as ranges without a gap."""
        changed = {month for month, digest in self.months.items() if digest != before.months.get(month)}
        if self.is_whole:
            changed |= before.months.keys() - self.months.keys()
        return consecutive_ranges(month for month in changed if month >= FIRST_MONTH)

    def including_months_of(self, before: "SourceObservation") -> "SourceObservation":
        """Add the months that only an earlier observation has, unless the source has lost them."""
        if self.is_whole:
            return self
        return self.model_copy(update={"months": {**before.months, **self.months}})


class SensorCursor(BaseModel):
    """State between two ticks of the sensor.

    Attributes:
        sources: The configured sources.
        features_version: Version of the features; a new version needs new ratings.
        turn: Counts how often sources or features changed. Each turn observes every source from the beginning, and its
            runs have new keys.
        observations: Last observation of each source.
    """

    sources: list[SourceName]
    features_version: int = 0
    turn: int = 0
    observations: dict[SourceName, SourceObservation] = {}

    def last(self, source: SourceName) -> SourceObservation:
        """Return the last observation of a source; an empty one before the first."""
        return self.observations.get(source, SourceObservation())


def load_cursor(text: str | None, sources: Sequence[SourceName], features_version: int) -> SensorCursor:
    """Parse the stored cursor. Begin a new turn when sources or features changed.

    A cursor of an older release is dropped: every source is observed from the beginning, and landing adds no row twice.
    """
    initial = SensorCursor(sources=list(sources), features_version=features_version)
    try:
        stored = SensorCursor.model_validate_json(text) if text else initial
    except ValidationError:
        return initial
    if (stored.sources, stored.features_version) == (initial.sources, initial.features_version):
        return stored
    return initial.model_copy(update={"turn": stored.turn + 1})


def observe_source(source: MatchSource, today: date, before: SourceObservation) -> SourceObservation | str:
    """Poll a source and digest its rows, unless its fingerprint is that of the last observation.

    Returns:
        The observation, or the reason why there is no new one.

    Raises:
        SourceError: If the source cannot be polled or read.
    """
    source.poll()
    fingerprint = source.fingerprint(today)
    if fingerprint is None:
        return "incomplete: a file is being written, or responses are being fetched"
    if fingerprint == before.fingerprint:
        return "nothing new since the last poll"
    if isinstance(source, MonthlySource):
        return SourceObservation(fingerprint=fingerprint, months=source.month_digests(today))
    published = source.published(today)
    return SourceObservation(
        fingerprint=fingerprint, months=published.month_digests(), is_whole=published.content is not None
    )
