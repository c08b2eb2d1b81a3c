"""The source that this installation reads."""

from cs2.settings import Settings, SourceName
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import MatchSource
from pipelines.sources.git import Checkout, Clone
from pipelines.sources.valve import ValveSource


def make_source(settings: Settings) -> MatchSource:
    """The source by its name in the settings."""
    match settings.source:
        case SourceName.ARCHIVE:
            return ArchiveSource(settings.watched_folder())
        case SourceName.VALVE:
            return ValveSource(valve_repository(settings))
        case SourceName.SIMULATED:
            from pipelines.sources.simulated import SimulatedSource  # a league costs seconds to simulate

            return SimulatedSource()


def valve_repository(settings: Settings) -> Checkout:
    """The checkout of the settings, else a clone of our own."""
    if settings.valve_checkout is not None:
        return Checkout(settings.valve_checkout)
    folder = settings.source_folder(SourceName.VALVE)
    return Clone(settings.valve_url, folder, every_seconds=60 * settings.valve_pull_minutes)
