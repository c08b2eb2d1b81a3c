"""The source that this installation reads."""

from cs2.settings import Settings, SourceName
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import MatchSource


def make_source(settings: Settings) -> MatchSource:
    """The source by its name in the settings."""
    if settings.source is SourceName.ARCHIVE:
        return ArchiveSource(settings.watched_folder())
    from pipelines.sources.simulated import SimulatedSource  # a league costs seconds to simulate

    return SimulatedSource()
