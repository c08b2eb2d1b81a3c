"""Builds the sources from the settings."""

from pyrate_limiter import Duration, Rate

from cs2.settings import Settings, SourceName
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import MatchSource, SourceError
from pipelines.sources.bo3gg import Bo3ggSource
from pipelines.sources.git import Checkout, Clone
from pipelines.sources.http import JsonApi
from pipelines.sources.kaggle import KaggleSource
from pipelines.sources.pandascore import PandaScoreSource
from pipelines.sources.response_cache import ResponseCache
from pipelines.sources.valve import ValveSource

PANDASCORE_RATES = (Rate(2, Duration.SECOND), Rate(900, Duration.HOUR))
"""The free plan allows 1,000 requests per hour."""

BO3GG_RATES = (Rate(1, 3 * Duration.SECOND),)
"""The interface states no limit: stay below what a reader of the pages causes."""


def make_source(name: SourceName, settings: Settings) -> MatchSource:
    """Build a source.

    Raises:
        SourceError: If the source needs a secret that is not set.
    """
    match name:
        case SourceName.ARCHIVE:
            return ArchiveSource(settings.watched_folder())
        case SourceName.VALVE:
            return ValveSource(valve_repository(settings))
        case SourceName.KAGGLE:
            return KaggleSource(settings.kaggle_dir or settings.data_dir / "kaggle")
        case SourceName.PANDASCORE:
            return _pandascore(settings)
        case SourceName.BO3GG:
            return Bo3ggSource(
                ResponseCache(settings.database_url, name),
                lambda: JsonApi(settings.bo3gg_url, rates=BO3GG_RATES),
                pause_seconds=60 * settings.poll_minutes,
            )
        case SourceName.SIMULATED:
            from pipelines.sources.simulated import SimulatedSource  # only this source needs the simulation

            return SimulatedSource()


def _pandascore(settings: Settings) -> MatchSource:
    token = settings.pandascore_token
    if token is None:
        raise SourceError("the pandascore source needs a token: set CS2_PANDASCORE_TOKEN in the environment")

    def connect() -> JsonApi:
        return JsonApi(settings.pandascore_url, rates=PANDASCORE_RATES, token=token.get_secret_value())

    cache = ResponseCache(settings.database_url, SourceName.PANDASCORE)
    return PandaScoreSource(cache, connect, pause_seconds=60 * settings.poll_minutes)


def valve_repository(settings: Settings) -> Checkout:
    """Return the configured checkout, or else a clone in the data folder."""
    if settings.valve_checkout is not None:
        return Checkout(settings.valve_checkout)
    folder = settings.source_folder(SourceName.VALVE)
    return Clone(settings.valve_url, folder, pause_seconds=60 * settings.valve_pull_minutes)
